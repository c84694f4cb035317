/** Every form of every row of all CPU models: what tier 0 has a handler for (core/interp/handlers.ts). */
import { decodeTable } from '../../core/interp/create.ts';
import type { InsnForm } from '../../core/lift/lift.ts';
import { type AddressForm, addressForms } from '../../core/lift/operand-source.ts';
import { cpuModel } from '../../core/x86/cpuid.ts';
import { type Encoding, encodingName } from '../../core/x86/notation.ts';

export interface NamedForm {
  /** As core/interp/common-forms.txt has it. */
  readonly name: string;
  readonly form: InsnForm;
  readonly address: AddressForm;
}

function sizesOf(row: Encoding): readonly (16 | 32 | 64)[] {
  if (row.rexW === undefined) return [16, 32, 64];
  return row.rexW === 1 ? [64] : [16, 32];
}

/** Rows without ModRM may have an implied memory operand, for which only the address size matters. */
function addressFormsOf(row: Encoding): readonly AddressForm[] {
  if (row.mod === 'mem') return addressForms.filter((form) => form !== 'none');
  return row.hasModrm && row.mod === 'any' ? addressForms : ['none', 'full32'];
}

export function formsOf(row: Encoding): NamedForm[] {
  const repeats = row.rep === undefined ? (['none'] as const) : (['none', 'rep', 'repne'] as const);
  return sizesOf(row).flatMap((size) =>
    addressFormsOf(row).flatMap((address) =>
      repeats.map((repeat) => ({
        name: [encodingName(row), size, address, repeat].join(' | '),
        form: { encoding: row, size, addressSize: address === 'full32' ? (32 as const) : (64 as const), repeat },
        address,
      })),
    ),
  );
}

export function allForms(): NamedForm[] {
  return decodeTable(cpuModel('max')).encodings.flatMap(formsOf);
}
