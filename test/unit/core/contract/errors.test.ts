import { describe, expect, it } from 'vitest';
import { toErrorData, VmError } from '../../../../core/contract/errors.ts';

/** The class as another bundle of the same process has it. */
class OtherVmError extends Error {
  override name = 'VmError';
  readonly code = 'vm.not-found';
  readonly details = { vm: 'x' };
}

describe('VmError', () => {
  it('knows those of another bundle as its own', () => {
    const error: unknown = new OtherVmError('none');
    expect(error instanceof VmError).toBe(true);
    expect(toErrorData(error)).toEqual({ code: 'vm.not-found', message: 'none', details: { vm: 'x' } });
  });

  it('does not take other errors for its own', () => {
    const errors: unknown[] = [new Error('x'), Object.assign(new Error('x'), { code: 'ENOENT' }), 'VmError', undefined];
    expect(errors.map((error) => error instanceof VmError)).toEqual([false, false, false, false]);
  });
});
