/** Files that a browser sends: kept in the staging folder until the process ends or they are taken to where they belong. */

import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { VmError } from '../../contract/errors.ts';
import type { ByteStream } from '../../contract/streams.ts';
import { checkMemberPath } from '../archive/member-path.ts';
import { stagingFolder, writeAll } from '../store/atomic.ts';
import type { Home } from '../store/home.ts';

const MAX_UPLOAD = 8 * 2 ** 30;

interface Upload {
  folder: string;
  /** First component of each path. */
  tops: Set<string>;
  pending: Set<Promise<void>>;
  bytes: number;
  failure?: unknown;
}

export class Uploads {
  private readonly home: Home;
  private readonly uploads = new Map<string, Upload>();

  constructor(home: Home) {
    this.home = home;
  }

  begin(): string {
    const id = randomBytes(8).toString('hex');
    this.uploads.set(id, { folder: stagingFolder(this.home.staging), tops: new Set(), pending: new Set(), bytes: 0 });
    return id;
  }

  file(id: string, path: string, lenBytes: number, isExecutable: boolean, stream: ByteStream): void {
    const upload = this.find(id);
    const parts = checkMemberPath(path);
    upload.bytes += lenBytes;
    if (parts.length === 0 || upload.bytes > MAX_UPLOAD)
      throw new VmError('archive.refused', `the upload ${path} is too large or has no name`, { path });
    upload.tops.add(parts[0]!);
    const target = join(upload.folder, ...parts);
    mkdirSync(dirname(target), { recursive: true });
    const fd = openSync(target, 'wx', isExecutable ? 0o755 : 0o644);
    let count = 0;
    stream.consume((bytes) => {
      count += bytes.length;
      if (count > lenBytes) throw new VmError('contract.malformed', `${path} is longer than was said`);
      writeAll(fd, bytes);
    });
    const done = stream.ended.then((error) => {
      closeSync(fd);
      upload.pending.delete(done);
      if (error !== undefined || count !== lenBytes)
        upload.failure ??= error ?? new VmError('host.file', `${path} did not arrive as a whole`);
    });
    upload.pending.add(done);
  }

  /** Path of the single file or folder that was sent, or of the folder of several. */
  async finish(id: string): Promise<string> {
    const upload = this.find(id);
    await Promise.all(upload.pending);
    if (upload.failure !== undefined) {
      this.cancel(id);
      throw upload.failure;
    }
    return upload.tops.size === 1 ? join(upload.folder, ...upload.tops) : upload.folder + sep;
  }

  cancel(id: string): void {
    const upload = this.find(id);
    this.uploads.delete(id);
    rmSync(upload.folder, { recursive: true, force: true });
  }

  private find(id: string): Upload {
    const upload = this.uploads.get(id);
    if (upload === undefined) throw new VmError('upload.not-found', 'there is no such upload; begin it again', { id });
    return upload;
  }

  dispose(): void {
    for (const id of [...this.uploads.keys()]) this.cancel(id);
  }
}
