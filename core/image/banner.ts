/** The boot banner: our own lettering with the release line that users look for. */
import type { BannerKind } from './image.ts';

const logo = [
  '        _  __     _            _    ',
  '   ___ | |/ _| __| | ___   ___| | __',
  '  / _ \\| | |_ / _` |/ _ \\ / __| |/ /',
  ' |  __/| |  _| (_| |  __/| (__|   < ',
  '  \\___||_|_|  \\__,_|\\___| \\___|_|\\_\\',
];

/** Text with a newline at its end, or nothing. `release` is a name and version: `Ananke 0.1.0`. */
export function bannerText(kind: BannerKind, release: string): string {
  if (kind === 'none') return '';
  if (kind === 'minimal') return `Powered by Elfdeck (${release})\n`;
  const width = Math.max(...logo.map((line) => line.length));
  return ['Powered by', ...logo, release.padStart(width), ''].join('\n');
}
