import { describe, expect, it } from 'vitest';
import { decodeTable } from '../../../../core/interp/create.ts';
import { buildModule, formNumbers } from '../../../../core/interp/handlers.ts';
import { cpuModel } from '../../../../core/x86/cpuid.ts';
import { allForms } from '../../../support/forms.ts';

describe('handlers', () => {
  it('are valid wasm for every form of every row', () => {
    const table = decodeTable(cpuModel('max'));
    const names = allForms().map(({ name }) => name);
    const numbers = formNumbers(table, names);
    expect(numbers.length).toBe(names.length);
    expect(new Set(numbers).size).toBe(names.length);
    expect(() => new WebAssembly.Module(buildModule(table, numbers))).not.toThrow();
  });

  it('leave out common forms whose rows are gone', () => {
    expect(formNumbers(decodeTable(), ['frobnicate 0F FF | 32 | none | none'])).toEqual([]);
  });
});
