/** What the window expects of a browser and happy-dom has not. Import it first. */
import { createPinia, setActivePinia } from 'pinia';
import { setApi } from '../../../renderer/api.ts';
import type { FakeApi } from './fake-api.ts';

window.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => {},
  removeEventListener: () => {},
})) as never;

const kept = new Map<string, string>();
// Node has a localStorage of its own, which is there but doesn't work.
Object.defineProperty(globalThis, 'localStorage', {
  value: {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  },
});

/** A fresh state over that manager. */
export function useFakeApi(api: FakeApi): FakeApi {
  setActivePinia(createPinia());
  setApi(api);
  return api;
}

/** Lets everything that is due run: promises and the components they change. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
