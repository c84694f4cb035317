/**
 * The layers: which part of the tree may import which. `arrows` reads "may import"; `core/base` is open to all, a layer to
 * itself. Imports of types bind nothing at run time, so they need an arrow but make no cycle.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Layer → layers it may import. The longest matching prefix of a file's path is its layer. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'core/base': [],
  // What crosses between threads about networks is what stations are made of.
  'core/contract': ['core/net'],
  'core/mem': [],
  'core/wasm': [],
  // An instruction's row builds IR.
  'core/x86': ['core/ir', 'core/mem', 'core/vcpu', 'core/dev'],
  // IR operations carry the names of wasm's opcodes where they are one.
  'core/ir': ['core/wasm'],
  'core/lift': ['core/x86', 'core/ir', 'core/wasm', 'core/vcpu', 'core/mem'],
  'core/interp': ['core/ir', 'core/mem', 'core/vcpu', 'core/wasm', 'core/x86', 'core/lift', 'core/dev'],
  'core/jit': ['core/ir', 'core/mem', 'core/vcpu', 'core/wasm', 'core/x86', 'core/lift', 'core/interp'],
  'core/vcpu': ['core/mem', 'core/x86'],
  'core/dev': ['core/mem'],
  'core/kernel/abi': [],
  // The kernel's core and its libraries know each other: a process holds the state of posix-process, signals and the like.
  // AT_HWCAP and /proc/cpuinfo say what CPUID says.
  'core/kernel': ['core/x86', 'core/mem', 'core/vcpu', 'core/dev', 'core/image', 'core/net', 'core/kernel/abi'],
  'core/image': [],
  'core/net': [],
  'core/machine': [
    'core/contract',
    'core/mem',
    'core/vcpu',
    'core/interp',
    'core/jit',
    'core/kernel',
    'core/kernel/abi',
    'core/dev',
    'core/image',
    'core/net',
  ],
  'core/host': ['core/contract', 'core/machine', 'core/dev', 'core/net', 'core/kernel/abi'],
  // The manager explains images, arguments and ELF files as the machine takes them.
  'core/manager': [
    'core/contract',
    'core/host',
    'core/net',
    'core/image',
    'core/kernel',
    'core/kernel/abi',
    'core/machine',
  ],
  'core/serve': ['core/contract', 'core/manager', 'core/host'],
  // The command line shows images and the system call table, and reads ELF headers as the kernel does.
  'core/cli': [
    'core/contract',
    'core/manager',
    'core/serve',
    'core/machine',
    'core/host',
    'core/image',
    'core/net',
    'core/kernel',
    'core/kernel/abi',
  ],
  electron: ['core/contract', 'core/manager', 'core/serve', 'core/host'],
  renderer: ['core/contract'],
};

/** Layers that may be imported for their types only. */
const typeArrows: Readonly<Record<string, readonly string[]>> = {
  'core/kernel/abi': ['core/kernel'],
};

/** Packages each layer may import; node: modules are the compiler's business (one tsconfig for each environment). */
const packages: Readonly<Record<string, readonly string[]>> = {
  'core/contract': ['zod/mini'],
  'core/image': ['yaml'],
  'core/manager': ['zod/mini', 'tar-stream', 'yauzl', '@lydell/node-pty'],
  'core/serve': ['ws'],
  electron: ['electron', 'electron-updater'],
  'core/cli': ['commander', 'yaml'],
  renderer: [
    'vue',
    'vue-router',
    'vue-i18n',
    'pinia',
    'reka-ui',
    '@lucide/vue',
    '@tanstack/vue-virtual',
    'uplot',
    'uplot/dist/uPlot.min.css',
    '@xterm/xterm',
    '@xterm/xterm/css/xterm.css',
    '@xterm/addon-fit',
    '@xterm/addon-search',
    '@xterm/addon-serialize',
    '@xterm/addon-unicode11',
    '@xterm/addon-web-links',
    '@xterm/addon-webgl',
    '@fontsource-variable/inter/wght.css',
    '@fontsource-variable/jetbrains-mono/wght.css',
  ],
};

/** Layers that stand on Node. */
const onNode = new Set(['core/host', 'core/manager', 'core/serve', 'core/cli', 'electron']);

interface Import {
  from: string;
  /** Path in the repository, or the name of a package. */
  to: string;
  isTypeOnly: boolean;
}

function sourceFiles(directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return /(?<!\.d)\.ts$|\.vue$/.test(entry.name) ? [path] : [];
  });
}

const statement = /^(?:import|export)\s+(type\s+)?((?:[\w*\s{},]|\btype\b)*?\bfrom\s+)?['"]([^'"]+)['"]/gm;
const dynamic = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const target = (name: string): string =>
    name.startsWith('.') ? relative(root, resolve(root, dirname(file), name)) : name;
  const found = [...text.matchAll(statement)].map((match) => ({
    from: file,
    to: target(match[3]!),
    isTypeOnly: match[1] !== undefined || hasOnlyTypes(match[2]),
  }));
  return [
    ...found,
    ...[...text.matchAll(dynamic)].map((match) => ({ from: file, to: target(match[1]!), isTypeOnly: true })),
  ];
}

/** `{ type A, type B } from` */
function hasOnlyTypes(clause: string | undefined): boolean {
  const names = /^\{([^}]*)\}/
    .exec(clause?.trim() ?? '')?.[1]
    ?.split(',')
    .filter((name) => name.trim() !== '');
  return names !== undefined && names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
}

function layerOf(file: string): string | undefined {
  return Object.keys(arrows)
    .filter((layer) => file.startsWith(`${layer}/`))
    .sort((a, b) => b.length - a.length)[0];
}

const files = ['core', 'electron', 'renderer'].flatMap(sourceFiles);
const imports = files.flatMap(importsOf);

function problemOf({ from, to, isTypeOnly }: Import): string | undefined {
  const layer = layerOf(from);
  if (layer === undefined) return `${from} is in no layer`;
  if (to.startsWith('node:')) return onNode.has(layer) ? undefined : `${from} imports ${to}`;
  const target = layerOf(to);
  if (target === undefined) return packages[layer]?.includes(to) ? undefined : `${from} imports ${to}`;
  const allowed = [layer, 'core/base', ...arrows[layer]!, ...(isTypeOnly ? (typeArrows[layer] ?? []) : [])];
  return allowed.includes(target) ? undefined : `${from} imports ${to}`;
}

/** Strongly connected components of more than one file (Tarjan). */
function cycles(): string[] {
  const graph = new Map(
    files.map((file) => [file, imports.filter((i) => i.from === file && !i.isTypeOnly).map((i) => i.to)]),
  );
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const next of graph.get(file)!) {
      if (!graph.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const component = stack.splice(stack.indexOf(file));
    if (component.length > 1) found.push(component.sort().join(' '));
  };
  for (const file of files) if (!index.has(file)) visit(file);
  return found;
}

describe('layers', () => {
  it('finds the imports it checks', () => {
    expect(imports.length).toBeGreaterThan(files.length);
  });

  it('import only what the arrows allow', () => {
    expect(imports.map(problemOf).filter((problem) => problem !== undefined)).toEqual([]);
  });

  it('have no cycles of imports', () => {
    expect(cycles()).toEqual([]);
  });
});
