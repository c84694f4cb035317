/** What differs between keyboards and hosts. */
export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

const MAC_KEYS: Record<string, string> = { Mod: '⌘', Ctrl: '⌃', Alt: '⌥', Shift: '⇧', Enter: '↩', Backspace: '⌫' };

/** `Mod+Shift+P` as this keyboard writes it. */
export function showShortcut(shortcut: string): string {
  const parts = shortcut.split('+');
  if (isMac) return parts.map((part) => MAC_KEYS[part] ?? part).join('');
  return parts.map((part) => (part === 'Mod' ? 'Ctrl' : part)).join(' ');
}

/** The shortcut that an event is, in the order Mod, Alt, Shift, key; letters by their place on the keyboard. */
export function shortcutOf(event: KeyboardEvent): string {
  const isMod = isMac ? event.metaKey : event.ctrlKey;
  const letter = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
  const hasModifier = isMod || event.altKey;
  const key =
    hasModifier && letter !== undefined ? letter : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const isShiftNamed = event.shiftKey && (hasModifier || event.key.length > 1);
  return [isMod && 'Mod', event.altKey && 'Alt', isShiftNamed && 'Shift', key].filter(Boolean).join('+');
}
