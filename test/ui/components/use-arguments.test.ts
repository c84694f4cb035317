// @vitest-environment happy-dom

import { describe, expect, it } from 'vitest';
import type { ParsedLine } from '../../../core/contract/api/arguments.ts';
import { VmError } from '../../../core/contract/errors.ts';
import { emptyForm, useArguments } from '../../../renderer/components/arguments/use-arguments.ts';
import { FakeApi } from '../support/fake-api.ts';
import { useFakeApi } from '../support/setup.ts';

const formOf = (line: string) => ({ ...emptyForm(), program: line.split(' ') });

describe('kernel arguments', () => {
  it('make the form of the line and the line of the form', async () => {
    const api = useFakeApi(
      new FakeApi({
        'arguments.parse': ({ line }) => ({ form: formOf(line), errors: [] }),
        'arguments.format': ({ form }) => ({ line: form.program.join(' '), errors: [] }),
      }),
    );
    const { line, form, setLine, setForm } = useArguments(api, () => 'image');
    await setLine('/bin/a 1');
    expect(form.value.program).toEqual(['/bin/a', '1']);
    await setForm({ ...form.value, program: ['/bin/b'] });
    expect(line.value).toBe('/bin/b');
  });

  it('never show the answer to an older edit over a newer one', async () => {
    const answers: (() => void)[] = [];
    const api = useFakeApi(
      new FakeApi({
        'arguments.parse': ({ line }) =>
          new Promise<ParsedLine>((resolve) => answers.push(() => resolve({ form: formOf(line), errors: [] }))),
      }),
    );
    const { line, form, setLine } = useArguments(api, () => 'image');
    const edits = [setLine('old'), setLine('new')];
    answers[1]!();
    answers[0]!();
    await Promise.all(edits);
    expect([line.value, form.value.program]).toEqual(['new', ['new']]);
  });

  it('keep the form while the line cannot be read, and say where', async () => {
    const error = { position: 3, length: 1, message: 'never closed', severity: 'error' as const };
    const api = useFakeApi(
      new FakeApi({
        'arguments.parse': ({ line }) =>
          line.includes('"') ? { errors: [error] } : { form: formOf(line), errors: [] },
      }),
    );
    const { form, lineErrors, setLine, hasErrors } = useArguments(api, () => 'image');
    await setLine('/bin/a');
    await setLine('/bi"');
    expect([form.value.program, lineErrors.value, hasErrors()]).toEqual([['/bin/a'], [error], true]);
  });

  it('tell when the manager does not answer', async () => {
    const api = useFakeApi(
      new FakeApi({
        'arguments.parse': () => {
          throw new VmError('connection.lost', 'the connection to the manager is lost');
        },
      }),
    );
    const { failure, setLine } = useArguments(api, () => 'image');
    await setLine('x');
    expect(failure.value?.code).toBe('connection.lost');
  });
});
