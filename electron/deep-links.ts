/**
 * Links from outside, `elfdeck://KIND/NAME`: they lead to a place in the window and never do anything by themselves. Systems hand them
 * over as a word of the command line of a second start, macOS by an event.
 */
import { LINK_SCHEME } from './paths.ts';

const kinds = new Set(['vm', 'console', 'catalog', 'image', 'rootfs', 'settings', 'create']);

export interface DeepLink {
  command: string;
  argument: string;
}

/** Undefined for what is no link of ours. */
export function parseDeepLink(text: string): DeepLink | undefined {
  const url = text.startsWith(`${LINK_SCHEME}:`) ? URL.parse(text) : null;
  if (url === null || !kinds.has(url.host)) return undefined;
  let argument: string;
  try {
    argument = decodeURIComponent(url.pathname.replace(/^\//, ''));
  } catch {
    return undefined;
  }
  // Names of instances and apps, not paths or queries.
  return /^[\w.:/+ -]{0,200}$/.test(argument) && !argument.includes('..') ? { command: url.host, argument } : undefined;
}

/** The first link among the words of a start. */
export const linkAmong = (words: readonly string[]): DeepLink | undefined =>
  words.map(parseDeepLink).find((link) => link !== undefined);
