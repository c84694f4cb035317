/** Entries of menus, as MenuButton shows them. */
import type { Component } from 'vue';

export interface MenuAction {
  label: string;
  icon?: Component;
  shortcut?: string;
  isDanger?: boolean;
  disabled?: boolean;
  run(): void;
}
export type MenuEntry = MenuAction | 'separator';
