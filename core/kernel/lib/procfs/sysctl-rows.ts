/** /proc/sys: settings of the kernel as they are, see proc_sys(5). Those that can be changed have `write`. */
import { utf8ToStr } from '../../../base/bytes.ts';
import { MMAP_MIN_ADDR } from '../../../mem/layout.ts';
import { EINVAL } from '../../abi/errno.ts';
import { MAX_MAP_COUNT } from '../../abi/mman.ts';
import { CAP_LAST_CAP } from '../../abi/prctl.ts';
import { RLIMIT_NOFILE, RLIMIT_NPROC } from '../../abi/resource.ts';
import { SOMAXCONN, UNIX_MAX_DGRAM_QLEN } from '../../abi/socket.ts';
import { type Kernel, service } from '../../kernel.ts';
import { PIPE_MAX_SIZE } from '../posix-pipe/pipe.ts';
import { ResourceLimits } from '../posix-process/rlimits.ts';
import { MACHINE, RELEASE, SYSNAME, VERSION } from '../posix-sysinfo/uname.ts';
import { type ProcRow, type Subject, systemFile } from './subject.ts';

const WRITABLE = 0o644;
const NAME_MAX = 64;
/** Process ids are never used again, so that their number is what a number holds. */
const PID_MAX = 4194304;

/** A fixed number of the kernel. */
function number(path: string, value: number): ProcRow {
  return systemFile(path, () => `${value}\n`);
}

/** The name of the host or domain. */
function nameRow(path: string, key: 'hostname' | 'domainname'): ProcRow {
  const write = ({ kernel }: Subject, text: string): number => {
    const name = text.replace(/[\n\0].*$/s, '');
    if (name.length > NAME_MAX) return -EINVAL;
    kernel[key] = new TextDecoder().decode(Uint8Array.from(name, (char) => char.charCodeAt(0)));
    return 0;
  };
  return systemFile(path, (kernel) => `${utf8ToStr(kernel[key])}\n`, { mode: WRITABLE, write });
}

function uuid(kernel: Kernel): string {
  const bytes = new Uint8Array(16);
  kernel.host.random(bytes);
  // RFC 9562: version 4, variant 10.
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}\n`;
}

const bootId: (kernel: Kernel) => string = service('boot-id', uuid);

const defaultLimits = new ResourceLimits();

const rows: readonly ProcRow[] = [
  systemFile('sys/kernel/ostype', () => `${SYSNAME}\n`),
  systemFile('sys/kernel/osrelease', () => `${RELEASE}\n`),
  systemFile('sys/kernel/version', () => `${VERSION}\n`),
  systemFile('sys/kernel/arch', () => `${MACHINE}\n`),
  nameRow('sys/kernel/hostname', 'hostname'),
  nameRow('sys/kernel/domainname', 'domainname'),
  number('sys/kernel/pid_max', PID_MAX),
  number('sys/kernel/threads-max', 2 * defaultLimits.hard(RLIMIT_NPROC)),
  number('sys/kernel/cap_last_cap', CAP_LAST_CAP),
  number('sys/kernel/ngroups_max', 65536),
  number('sys/kernel/overflowuid', 65534),
  number('sys/kernel/overflowgid', 65534),
  number('sys/kernel/tainted', 0),
  // No core files are written, and addresses are not randomised.
  systemFile('sys/kernel/core_pattern', () => '\n'),
  number('sys/kernel/core_uses_pid', 0),
  number('sys/kernel/randomize_va_space', 0),
  systemFile('sys/kernel/random/uuid', uuid),
  systemFile('sys/kernel/random/boot_id', bootId),
  number('sys/kernel/random/entropy_avail', 256),
  number('sys/kernel/random/poolsize', 256),
  // mm.ts: a mapping larger than the free memory is refused.
  number('sys/vm/overcommit_memory', 0),
  number('sys/vm/max_map_count', MAX_MAP_COUNT),
  number('sys/vm/mmap_min_addr', MMAP_MIN_ADDR),
  number('sys/vm/nr_hugepages', 0),
  number('sys/vm/swappiness', 0),
  number('sys/fs/nr_open', defaultLimits.hard(RLIMIT_NOFILE)),
  systemFile('sys/fs/file-max', () => '9223372036854775807\n'),
  systemFile('sys/fs/file-nr', (kernel) => `${openFileCount(kernel)}\t0\t9223372036854775807\n`),
  number('sys/fs/pipe-max-size', PIPE_MAX_SIZE),
  // No user has a limit on the pages of pipes.
  number('sys/fs/pipe-user-pages-soft', 0),
  number('sys/fs/pipe-user-pages-hard', 0),
  number('sys/net/core/somaxconn', SOMAXCONN),
  number('sys/net/unix/max_dgram_qlen', UNIX_MAX_DGRAM_QLEN),
];

export const sysctlRows: readonly ProcRow[] = rows.map((row) => ({ ...row, refusesWriters: true }));

function openFileCount(kernel: Kernel): number {
  const files = new Set(
    [...kernel.processes.values()].flatMap(({ fds }) => [...fds.entries()].map(([, file]) => file)),
  );
  return files.size;
}
