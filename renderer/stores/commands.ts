/**
 * Everything that can be done, as commands: the palette lists them, shortcuts run them. A view adds its own while it is
 * shown (composables/use-commands.ts).
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import { shortcutOf } from '../platform.ts';

export interface Command {
  id: string;
  title: string;
  group: string;
  /** `Mod+Shift+P`; Mod is Ctrl, on a Mac ⌘. */
  shortcut?: string | undefined;
  /** Works while a terminal or a text field has the focus. */
  isGlobal?: boolean;
  run(): void;
}

const TEXT_INPUT = 'input, textarea, select, [contenteditable], .xterm';

export const useCommandsStore = defineStore('commands', () => {
  /** Sources are functions, so that titles follow the language and lists follow their state. */
  const sources = shallowRef<(() => Command[])[]>([]);
  const commands = computed(() => sources.value.flatMap((source) => source()));
  const isPaletteOpen = ref(false);
  const isHelpOpen = ref(false);

  function add(source: () => Command[]): () => void {
    sources.value = [...sources.value, source];
    return () => {
      sources.value = sources.value.filter((other) => other !== source);
    };
  }

  /** Runs the command of a shortcut. Plain keys and those without `isGlobal` are left to whatever takes text. */
  function handleKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const pressed = shortcutOf(event);
    const isTyping = (event.target as Element | null)?.closest?.(TEXT_INPUT) != null;
    const isInDialog = document.querySelector('[role=dialog][data-state=open], [role=menu][data-state=open]') !== null;
    const found = commands.value.findLast((command) => command.shortcut === pressed);
    if (found === undefined || ((isTyping || isInDialog) && !found.isGlobal)) return;
    event.preventDefault();
    event.stopPropagation();
    found.run();
  }

  return { commands, isPaletteOpen, isHelpOpen, add, handleKey };
});
