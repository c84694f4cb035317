/** The initial RAM disk: what kind it is. */
import { bytesToStr } from '../base/bytes.ts';
import { VmError } from '../contract/errors.ts';
import type { VmSpec } from '../contract/vm-spec.ts';
import type { MachineHost } from './machine-host.ts';

export type Initrd = { kind: 'elf' | 'archive'; bytes: Uint8Array<ArrayBuffer> } | { kind: 'folder'; path: string };

export function readInitrd({ initrd: path }: VmSpec, host: MachineHost): Initrd | undefined {
  if (path === undefined) return undefined;
  if (host.kindOf(path) === 'folder') return { kind: 'folder', path };
  const bytes = host.readFile(path);
  const magic = bytesToStr(bytes, 0, Math.min(6, bytes.length));
  if (magic.startsWith('\x7fELF')) return { kind: 'elf', bytes };
  if (/^07070[12]/.test(magic)) return { kind: 'archive', bytes };
  const what = magic.startsWith('\x1f\x8b')
    ? 'it is compressed with gzip; unpack it first'
    : 'it is neither a cpio archive (newc) nor an ELF file';
  throw new VmError('initrd.malformed', `the initrd ${path} cannot be used: ${what}`, { path });
}
