/** An xterm.js terminal with the addons that every console has. */
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { SerializeAddon } from '@xterm/addon-serialize';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { WebglAddon } from '@xterm/addon-webgl';
import { Terminal } from '@xterm/xterm';
import type { Settings } from '../../core/contract/api/app.ts';
import { useShell } from '../api.ts';
import { terminalTheme } from './terminal-themes.ts';

export interface ConsoleTerminal {
  terminal: Terminal;
  fit: FitAddon;
  search: SearchAddon;
  serialize: SerializeAddon;
}

export const SCROLLBACK_LINES = 10_000;
export const TERMINAL_FONT =
  "'JetBrains Mono Variable', ui-monospace, Menlo, Consolas, 'Noto Sans Mono CJK SC', monospace";

/** Options of a terminal that follow the settings. */
export function terminalOptions(settings: Settings | undefined, isDark: boolean) {
  const font = settings?.terminalFont.trim() ?? '';
  return {
    fontSize: settings?.terminalFontSize ?? 13,
    fontFamily: font === '' ? TERMINAL_FONT : `'${font.replaceAll("'", '')}', ${TERMINAL_FONT}`,
    theme: terminalTheme(settings?.terminalTheme ?? 'auto', isDark),
  };
}

export function createTerminal(options: ReturnType<typeof terminalOptions>, isScreenReader: boolean): ConsoleTerminal {
  const terminal = new Terminal({
    ...options,
    scrollback: SCROLLBACK_LINES,
    allowProposedApi: true,
    cursorBlink: false,
    lineHeight: 1.15,
    macOptionIsMeta: true,
    minimumContrastRatio: 4.5,
    rightClickSelectsWord: true,
    screenReaderMode: isScreenReader,
  });
  const fit = new FitAddon();
  const search = new SearchAddon({ highlightLimit: 500 });
  const serialize = new SerializeAddon();
  const links = new WebLinksAddon((_event, url) => openLink(url));
  for (const addon of [fit, search, serialize, links, new Unicode11Addon()]) terminal.loadAddon(addon);
  terminal.unicode.activeVersion = '11';
  return { terminal, fit, search, serialize };
}

/** WebGL that the processor computes is slower than the terminal's own renderer. */
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;

/** Draws with the graphics processor where there is one; the terminal's own renderer serves otherwise. */
export function accelerate(terminal: Terminal): void {
  const probe = document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (probe === null) return;
  const info = probe.getExtension('WEBGL_debug_renderer_info');
  const renderer = info === null ? '' : String(probe.getParameter(info.UNMASKED_RENDERER_WEBGL));
  probe.getExtension('WEBGL_lose_context')?.loseContext();
  if (SOFTWARE.test(renderer)) return;
  const webgl = new WebglAddon();
  webgl.onContextLoss(() => webgl.dispose());
  terminal.loadAddon(webgl);
}

function openLink(url: string): void {
  if (!/^https?:\/\//.test(url)) return;
  const shell = useShell();
  if (shell === undefined) window.open(url, '_blank', 'noopener,noreferrer');
  else void shell.call('shell.open-external', { url });
}
