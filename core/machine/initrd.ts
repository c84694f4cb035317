/** The initial RAM disk: what kind it is. */
import { bytesToStr } from '../base/bytes.ts';
import { VmError } from '../contract/errors.ts';
import type { VmSpec } from '../contract/vm-spec.ts';
import { isCpio, isGzip } from '../image/cpio.ts';
import type { MachineHost } from './machine-host.ts';

export type Initrd = { kind: 'elf' | 'archive'; bytes: Uint8Array<ArrayBuffer> } | { kind: 'folder'; path: string };

export function readInitrd({ initrd: path }: VmSpec, host: MachineHost): Initrd | undefined {
  if (path === undefined) return undefined;
  const kind = host.kindOf(path);
  if (kind === 'folder') return { kind, path };
  // A device or FIFO may have no end.
  if (kind === 'other') throw new VmError('initrd.malformed', `the initrd ${path} is not a regular file`, { path });
  const bytes = host.readFile(path);
  const magic = bytesToStr(bytes, 0, Math.min(6, bytes.length));
  if (magic.startsWith('\x7fELF')) return { kind: 'elf', bytes };
  if (isCpio(bytes) || isGzip(bytes)) return { kind: 'archive', bytes };
  const message = `the initrd ${path} cannot be used: it is neither a cpio archive (newc) nor an ELF file`;
  throw new VmError('initrd.malformed', message, { path });
}
