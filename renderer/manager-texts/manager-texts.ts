/**
 * What the manager says, in the language of the window. It speaks English; here are translations of its errors by code, of its
 * sentences, and of sentences with names in them. What has none is shown as it came, after the name of its error if it is one.
 */
import type { VmErrorCode } from '../../core/contract/errors.ts';
import { i18n, type Language } from '../i18n.ts';
import { zhCn } from './zh-cn.ts';

export interface ManagerTexts {
  errors: Readonly<Record<VmErrorCode, string>>;
  sentences: Readonly<Record<string, string>>;
  /** Tried in order; `$1` and so on are what the groups found. */
  patterns: readonly (readonly [RegExp, string])[];
}

const texts: Partial<Record<Language, ManagerTexts>> = { 'zh-CN': zhCn };
const current = (): ManagerTexts | undefined => texts[i18n.global.locale.value as Language];

function translated(text: string, { sentences, patterns }: ManagerTexts): string | undefined {
  if (Object.hasOwn(sentences, text)) return sentences[text];
  const found = patterns.find(([pattern]) => pattern.test(text));
  return found === undefined ? undefined : text.replace(found[0], found[1]);
}

/** A sentence of the manager; several, each ended by a full stop, are translated one by one. */
export function managerText(text: string): string {
  const known = current();
  if (known === undefined || text === '') return text;
  const whole = translated(text, known);
  if (whole !== undefined) return whole;
  const parts = text.split(/(?<=\.) /);
  return parts.length === 1 ? text : parts.map((part) => translated(part, known) ?? part).join('');
}

/** An error in words. */
export function errorText({ code, message }: { code: string; message: string }): string {
  const known = current();
  if (known === undefined) return message;
  const whole = translated(message, known);
  if (whole !== undefined) return whole;
  const name = Object.hasOwn(known.errors, code) ? known.errors[code as VmErrorCode] : undefined;
  return name === undefined ? message : `${name}：${message}`;
}
