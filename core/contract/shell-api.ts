/**
 * What only the desktop shell can do; the page finds it at `window.elfdeckShell`, and does without in a browser.
 */
import * as z from 'zod/mini';
import { call, event, Nothing } from './contract.ts';

const PickOptions = z.object({
  title: z.optional(z.string()),
  kind: z.enum(['file', 'folder', 'files']),
  extensions: z.optional(z.array(z.string())),
});

export const shellApi = {
  'shell.open-console': call<null>()('Open the console window of an instance', z.object({ vm: z.string() })),
  'shell.close-window': call<null>()('Close the window that asks', Nothing),
  'shell.pick': call<string[]>()('Choose files or a folder; none when cancelled', PickOptions),
  'shell.pick-target': call<string | null>()(
    'Choose a file to write',
    z.object({ title: z.optional(z.string()), fileName: z.string() }),
  ),
  'shell.open-external': call<null>()('Open an http(s) address in the browser', z.object({ url: z.string() })),
  'shell.check-updates': call<{ state: 'off' | 'none' | 'available' | 'failed'; text: string }>()(
    'Look for a newer version',
    Nothing,
  ),
  /** Menu, tray and deep links ask the page to go somewhere: `vm/NAME`, `settings`, `catalog/APP`, `palette`. */
  'shell.asked': event<{ command: string; argument: string }>('A menu, the tray or a link asks for something'),
} as const;
export type ShellApi = typeof shellApi;
