import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { call, connect, Nothing, type Response, serve } from '../../../../core/contract/contract.ts';
import { VmError } from '../../../../core/contract/errors.ts';

const api = {
  double: call<number>()('Doubles', z.object({ value: z.number() })),
  fail: call<null>()('Fails', Nothing),
} as const;

const answer = serve(api, {
  double: ({ value }) => value * 2,
  fail: () => {
    throw new VmError('image.not-found', 'no such image', { image: 'x' });
  },
});

function wire() {
  const { client, accept } = connect<typeof api>((request) =>
    accept(structuredClone(answer(structuredClone(request)))),
  );
  return client;
}

describe('contract', () => {
  it('carries a call and its result', async () => {
    expect(await wire()('double', { value: 21 })).toBe(42);
  });

  it('rebuilds errors on the calling side', async () => {
    await expect(wire()('fail', {})).rejects.toMatchObject({
      name: 'VmError',
      code: 'image.not-found',
      details: { image: 'x' },
    });
  });

  it('refuses what does not fit the schema or has no handler', () => {
    const codeOf = (response: Response): string => (response.ok ? 'ok' : response.error.code);
    expect(codeOf(answer({ id: 1, call: 'double', params: { value: 'x' } }))).toBe('contract.malformed');
    expect(codeOf(answer({ id: 2, call: 'nothing', params: {} }))).toBe('contract.unknown-call');
  });
});
