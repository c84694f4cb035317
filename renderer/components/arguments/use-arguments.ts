/**
 * The kernel command line in its two forms, each following the other at every key. The side that the user edits is the
 * truth; the answer of an older question never overwrites a newer edit.
 */
import { ref, shallowRef } from 'vue';
import type { ArgumentsForm, LineError } from '../../../core/contract/api/arguments.ts';
import type { ApiClient } from '../../../core/contract/client.ts';
import type { VmError } from '../../../core/contract/errors.ts';
import { asVmError } from '../../api.ts';

export const emptyForm = (): ArgumentsForm => ({
  program: [],
  env: [],
  workdir: '',
  mounts: [],
  netdevs: [],
  others: [],
});

export function useArguments(api: ApiClient, image: () => string) {
  const line = ref('');
  const form = ref<ArgumentsForm>(emptyForm());
  const lineErrors = shallowRef<LineError[]>([]);
  const fieldErrors = shallowRef<{ field: string; message: string }[]>([]);
  const failure = shallowRef<VmError>();
  let turn = 0;

  /** `undefined` when a newer edit has overtaken this one. */
  async function latest<T>(work: Promise<T>): Promise<T | undefined> {
    const mine = ++turn;
    try {
      const result = await work;
      failure.value = undefined;
      return mine === turn ? result : undefined;
    } catch (error) {
      if (mine === turn) failure.value = asVmError(error);
      return undefined;
    }
  }

  async function setLine(text: string): Promise<void> {
    line.value = text;
    const parsed = await latest(api.call('arguments.parse', { line: text, image: image() }));
    if (parsed === undefined) return;
    lineErrors.value = parsed.errors;
    fieldErrors.value = [];
    // A line that can't be read leaves the form as it was: nothing that was typed there is lost.
    if (parsed.form !== undefined) form.value = parsed.form;
  }
  async function setForm(changed: ArgumentsForm): Promise<void> {
    form.value = changed;
    const plain = JSON.parse(JSON.stringify(changed)) as ArgumentsForm;
    const formatted = await latest(api.call('arguments.format', { form: plain }));
    if (formatted === undefined) return;
    line.value = formatted.line;
    fieldErrors.value = formatted.errors;
    lineErrors.value = [];
    const checked = await latest(api.call('arguments.parse', { line: formatted.line, image: image() }));
    if (checked !== undefined) lineErrors.value = checked.errors;
  }
  const hasErrors = (): boolean => fieldErrors.value.length > 0 || lineErrors.value.some((e) => e.severity === 'error');

  return { line, form, lineErrors, fieldErrors, failure, setLine, setForm, hasErrors };
}
