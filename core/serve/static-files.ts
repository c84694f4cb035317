/** The built renderer, file by file. What its names don't say is in no file of it: paths are looked up in a list made once. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

/** Places that end in a name, which may have a dot in it (renderer/router.ts). */
const PLACES = /^\/(?:instances|console|images|image-editor|rootfs)\/[^/]+(?:\/[\w-]+)?$/;

export interface StaticFile {
  type: string;
  body: Buffer;
  /** Its name changes with its content. */
  isHashed: boolean;
}

export class StaticFiles {
  private readonly root: string;
  private files = new Map<string, string>();
  private listedAtMs = -1;

  constructor(root: string) {
    this.root = root;
  }

  get isThere(): boolean {
    return statSync(join(this.root, 'index.html'), { throwIfNoEntry: false }) !== undefined;
  }

  /** `path` of a URL, decoded. What is no file and would not be one of the build's is a place within the page. */
  get(path: string): StaticFile | undefined {
    this.list();
    const isPlace = !this.files.has(path) && (PLACES.test(path) || extname(path) === '');
    const name = isPlace ? '/index.html' : path;
    const file = this.files.get(name);
    if (file === undefined) return undefined;
    const isHashed = /\/assets\/.+-[\w-]{8}\.\w+$/.test(name);
    return { type: types[extname(name)] ?? 'application/octet-stream', body: readFileSync(file), isHashed };
  }

  /** Again after a new build. */
  private list(): void {
    const changedMs = statSync(join(this.root, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changedMs === this.listedAtMs) return;
    this.listedAtMs = changedMs;
    this.files = new Map();
    if (changedMs === 0) return;
    for (const entry of readdirSync(this.root, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (entry.isFile()) this.files.set(`/${relative(this.root, file).split(sep).join('/')}`, file);
    }
  }
}
