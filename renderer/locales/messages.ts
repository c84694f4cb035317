/** Texts of one language, by part of the window and key. */
export type { DefineLocaleMessage as Messages } from 'vue-i18n';
