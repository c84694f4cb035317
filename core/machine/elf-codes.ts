/** Error codes of ELF files that can't be run; the same whether the kernel or the command line reads them. */
import type { VmErrorCode } from '../contract/errors.ts';
import type { ExecErrorKind } from '../kernel/loader/open-program.ts';

export const elfErrorCodes: Readonly<Record<ExecErrorKind, VmErrorCode>> = {
  'not-elf': 'elf.not-elf',
  'wrong-class': 'elf.wrong-architecture',
  'wrong-machine': 'elf.wrong-architecture',
  'wrong-type': 'elf.malformed',
  truncated: 'elf.malformed',
  'bad-headers': 'elf.malformed',
  'bad-segments': 'elf.malformed',
  'too-large': 'elf.malformed',
  unreadable: 'host.file',
  interpreter: 'elf.interpreter-missing',
};
