/** Figures as people read them. Units are the same in every language that we have; times follow the language. */
const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < SIZE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${SIZE_UNITS[unit]}`;
}

export const formatRate = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`;

/** `4 s`, `3 min`, `2 h 5 min`, `3 d 4 h`: two units at most. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export const formatPercent = (percent: number): string =>
  `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
export const formatCount = (count: number, language: string): string => new Intl.NumberFormat(language).format(count);
export const formatTime = (at: number, language: string): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(at);

const WORD = /^[A-Za-z0-9_@%+=:,./-]+$/;
/** Words as a shell line, quoted where they need it. */
export const quoteWords = (words: readonly string[]): string =>
  words.map((word) => (WORD.test(word) ? word : word.includes('"') ? `'${word}'` : `"${word}"`)).join(' ');

/** `-rwxr-xr-x` of permission bits and kind. */
export function formatMode(kind: string, mode: number): string {
  const type = kind === 'folder' ? 'd' : kind === 'link' ? 'l' : '-';
  return type + [...'rwxrwxrwx'].map((c, i) => (mode & (0o400 >> i) ? c : '-')).join('');
}
