/** Something read from the manager: value, error and whether it is on its way. Reading again keeps the old value shown. */
import { onBeforeUnmount, ref, type ShallowRef, shallowRef } from 'vue';
import type { VmError } from '../../core/contract/errors.ts';
import { asVmError } from '../api.ts';

export interface Loader<T> {
  value: ShallowRef<T | undefined>;
  error: ShallowRef<VmError | undefined>;
  isLoading: ReturnType<typeof ref<boolean>>;
  load(): Promise<void>;
}

export function useLoader<T>(read: () => Promise<T>): Loader<T> {
  const value = shallowRef<T>();
  const error = shallowRef<VmError>();
  const isLoading = ref<boolean>(true);
  let latest = 0;
  let isGone = false;
  onBeforeUnmount(() => {
    isGone = true;
  });
  async function load(): Promise<void> {
    const turn = ++latest;
    isLoading.value = true;
    try {
      const result = await read();
      // An answer to an older question must not replace a newer one.
      if (turn !== latest || isGone) return;
      value.value = result;
      error.value = undefined;
    } catch (thrown) {
      if (turn !== latest || isGone) return;
      error.value = asVmError(thrown);
    }
    isLoading.value = false;
  }
  return { value, error, isLoading, load };
}
