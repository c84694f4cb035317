/** Colours of terminals. `auto` follows the window. */
import type { ITheme } from '@xterm/xterm';

const dark: ITheme = {
  background: '#101317',
  foreground: '#dfe4ea',
  cursor: '#8cc4ff',
  cursorAccent: '#101317',
  selectionBackground: '#2f5e92',
  black: '#20262d',
  red: '#ff7b72',
  green: '#5fcf98',
  yellow: '#e6b45a',
  blue: '#74b4fb',
  magenta: '#d2a8ff',
  cyan: '#5fd1d8',
  white: '#c6ced8',
  brightBlack: '#7d8793',
  brightRed: '#ffa198',
  brightGreen: '#8be9b4',
  brightYellow: '#f5cf85',
  brightBlue: '#a5d0ff',
  brightMagenta: '#e2c5ff',
  brightCyan: '#93e8ec',
  brightWhite: '#ffffff',
};
const light: ITheme = {
  background: '#ffffff',
  foreground: '#1f2328',
  cursor: '#0b5fb8',
  cursorAccent: '#ffffff',
  selectionBackground: '#bcd9f7',
  black: '#24292f',
  red: '#b3261e',
  green: '#14733f',
  yellow: '#855300',
  blue: '#0b5fb8',
  magenta: '#7a3fc0',
  cyan: '#0e6b74',
  white: '#5b6470',
  brightBlack: '#626b77',
  brightRed: '#c93c33',
  brightGreen: '#1a8a4d',
  brightYellow: '#9a6500',
  brightBlue: '#1f74d1',
  brightMagenta: '#8d55d0',
  brightCyan: '#137f8a',
  brightWhite: '#1f2328',
};
const solarized = {
  black: '#073642',
  red: '#dc322f',
  green: '#859900',
  yellow: '#b58900',
  blue: '#268bd2',
  magenta: '#d33682',
  cyan: '#2aa198',
  white: '#eee8d5',
  brightBlack: '#586e75',
  brightRed: '#cb4b16',
  brightGreen: '#586e75',
  brightYellow: '#657b83',
  brightBlue: '#839496',
  brightMagenta: '#6c71c4',
  brightCyan: '#93a1a1',
  brightWhite: '#fdf6e3',
};
const contrast: ITheme = {
  ...dark,
  background: '#000000',
  foreground: '#ffffff',
  cursor: '#ffff00',
  selectionBackground: '#0055cc',
};

export const terminalThemes = ['auto', 'dark', 'light', 'solarized-dark', 'solarized-light', 'high-contrast'] as const;
export type TerminalThemeName = (typeof terminalThemes)[number];

/** What a setting names; anything unknown follows the window. */
export const terminalThemeName = (name: string): TerminalThemeName =>
  terminalThemes.find((known) => known === name) ?? 'auto';

export function terminalTheme(name: string, isDark: boolean): ITheme {
  switch (name) {
    case 'dark':
      return dark;
    case 'light':
      return light;
    case 'solarized-dark':
      return {
        background: '#002b36',
        foreground: '#93a1a1',
        cursor: '#93a1a1',
        selectionBackground: '#0d4a58',
        ...solarized,
      };
    case 'solarized-light':
      return {
        background: '#fdf6e3',
        foreground: '#586e75',
        cursor: '#586e75',
        selectionBackground: '#e6dfc8',
        ...solarized,
      };
    case 'high-contrast':
      return contrast;
    default:
      return isDark ? dark : light;
  }
}
