/** Adds commands while the component is there. */
import { onBeforeUnmount } from 'vue';
import { type Command, useCommandsStore } from '../stores/commands.ts';

export function useCommands(source: () => Command[]): void {
  onBeforeUnmount(useCommandsStore().add(source));
}
