/**
 * Languages. English is in the first bundle; others are loaded when they are chosen. Messages are compiled by the build, so
 * nothing is evaluated here. Every text that users see is in locales/; test/ui checks that no language lacks one.
 */
import { createI18n } from 'vue-i18n';
import en from './locales/en.ts';
import type { Messages } from './locales/messages.ts';

export const languages = [
  { value: 'en', label: 'English' },
  { value: 'zh-CN', label: '简体中文' },
] as const;
export type Language = (typeof languages)[number]['value'];

const loaders: Record<Language, () => Promise<{ default: Messages }>> = {
  en: async () => ({ default: en }),
  'zh-CN': () => import('./locales/zh-cn.ts'),
};

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en } as Record<string, Messages>,
  missingWarn: false,
  fallbackWarn: false,
});

/** The language that `system` stands for. */
export function systemLanguage(): Language {
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith('zh')) &&
    !navigator.language.toLowerCase().startsWith('en')
    ? 'zh-CN'
    : 'en';
}

export async function setLanguage(language: Language): Promise<void> {
  if (!i18n.global.availableLocales.includes(language)) {
    i18n.global.setLocaleMessage(language, (await loaders[language]()).default);
  }
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
}

/** Translates outside of components. */
export const translate = (key: string, values: Record<string, unknown> = {}): string => i18n.global.t(key, values);
