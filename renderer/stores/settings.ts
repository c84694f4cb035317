/** Settings of the app and facts about this computer. Theme and language take effect here. */
import { defineStore } from 'pinia';
import { computed, ref, watch } from 'vue';
import type { Settings, SystemInfo } from '../../core/contract/api/app.ts';
import type { VmCallName } from '../../core/contract/vm-api.ts';
import { useApi } from '../api.ts';
import { type Language, setLanguage, systemLanguage } from '../i18n.ts';

/** What the last window had, so that the first paint has the right colours. */
const THEME_KEY = 'elfdeck.theme';

export const useSettingsStore = defineStore('settings', () => {
  const settings = ref<Settings>();
  const system = ref<SystemInfo>();
  const prefersDark = window.matchMedia('(prefers-color-scheme: dark)');
  const systemIsDark = ref(prefersDark.matches);
  prefersDark.addEventListener('change', ({ matches }) => {
    systemIsDark.value = matches;
  });

  const isDark = computed(() => {
    const theme = settings.value?.theme ?? localStorage.getItem(THEME_KEY) ?? 'system';
    return theme === 'system' ? systemIsDark.value : theme === 'dark';
  });
  const language = computed<Language>(() => {
    const chosen = settings.value?.language ?? 'system';
    return chosen === 'system' ? systemLanguage() : chosen;
  });
  watch(
    isDark,
    (dark) => {
      document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    },
    { immediate: true, flush: 'sync' },
  );
  watch(language, (value) => setLanguage(value), { immediate: true });

  function accept(value: Settings): void {
    settings.value = value;
    localStorage.setItem(THEME_KEY, value.theme);
  }
  async function load(): Promise<void> {
    const api = useApi();
    api.on('settings.changed', accept);
    const [loaded, info] = await Promise.all([api.call('settings.get', {}), api.call('system.info', {})]);
    accept(loaded);
    system.value = info;
    await setLanguage(language.value);
  }
  async function change(changes: Partial<Settings>): Promise<void> {
    accept(await useApi().call('settings.set', { changes }));
  }
  /** Whether the manager has all of these calls: what it lacks is not shown. */
  const has = (...calls: VmCallName[]): boolean => calls.every((call) => !system.value?.absentCalls?.includes(call));
  /** What a view remembers for the next time. */
  const remembered = (key: string): unknown => settings.value?.view[key];
  async function remember(key: string, value: unknown): Promise<void> {
    await change({ view: { ...settings.value?.view, [key]: value } });
  }

  return { settings, system, isDark, language, load, change, has, remembered, remember };
});
