/** The app itself: settings, this computer, uploads, host terminals, diagnostics, notifications. */
import * as z from 'zod/mini';
import { call, event, Nothing } from '../contract.ts';
import { MAX_MEMORY_MIB, MIN_MEMORY_MIB, TerminalSize } from '../vm-spec.ts';

export const Settings = z.object({
  theme: z.enum(['system', 'light', 'dark']),
  /** `system`, or a language the app has. */
  language: z.enum(['system', 'en', 'zh-CN']),
  defaultImage: z.string(),
  defaultMemoryMiB: z.int().check(z.gte(MIN_MEMORY_MIB), z.lte(MAX_MEMORY_MIB)),
  defaultRootfsMode: z.enum(['rw', 'ro', 'overlay']),
  confirmStop: z.boolean(),
  /** Removed instances are purged after this many days; 0 keeps them. */
  keepRemovedDays: z.int().check(z.gte(0), z.lte(365)),
  scrollbackMiB: z.int().check(z.gte(1), z.lte(64)),
  terminalFontSize: z.int().check(z.gte(6), z.lte(48)),
  terminalFont: z.string(),
  terminalTheme: z.string(),
  terminalBell: z.boolean(),
  notifyExit: z.boolean(),
  notifyCrash: z.boolean(),
  keepRunningInTray: z.boolean(),
  checkForUpdates: z.boolean(),
  catalogUrl: z.string(),
  /** `http://host:port`; empty for what the system says. */
  proxy: z.string(),
  tourDone: z.boolean(),
  /** What views remember (columns, panes): small, by their own keys. */
  view: z.record(z.string(), z.unknown()),
});
export type Settings = z.infer<typeof Settings>;

/** Something this build or computer may not have; `reason` says why not, for people. */
export interface Feature {
  isAvailable: boolean;
  reason: string;
}

export interface SystemInfo {
  version: string;
  platform: string;
  arch: string;
  nodeVersion: string;
  cpus: number;
  memoryBytes: number;
  dataFolder: string;
  homeFolder: string;
  pid: number;
  host: 'serve' | 'electron' | 'cli';
  /** True where programs of this computer can be run: x86-64 Linux. */
  hasHostPrograms: boolean;
  /** Calls of the contract that this manager has nothing behind; the window shows no form for them. */
  absentCalls?: string[];
  features: { hostTerminal: Feature; networks: Feature; updates: Feature; uploads: Feature };
}

export interface HostEntry {
  name: string;
  path: string;
  kind: 'file' | 'folder' | 'other';
  sizeBytes: number;
  isElf: boolean;
}

export interface HostFolderListing {
  path: string;
  parent?: string;
  entries: HostEntry[];
}

export interface HostProgram {
  path: string;
  interpreter?: string;
  libraries: string[];
  missing: { library: string; neededBy: string }[];
  totalBytes: number;
}

export interface AppNotification {
  id: string;
  at: number;
  kind: 'crash' | 'exit' | 'forward-failed' | 'error' | 'info';
  title: string;
  body: string;
  vm?: string;
}

export const appCalls = {
  'settings.get': call<Settings>()('Show the settings', Nothing),
  'settings.set': call<Settings>()('Change settings', z.object({ changes: z.partial(Settings) })),
  'settings.changed': event<Settings>('Settings changed'),

  'app.activate': call<{ url?: string }>()(
    'Bring the running app to the front, or give an address that opens it once',
    Nothing,
  ),
  'app.quit': call<null>()('Stop all instances and end the app', Nothing),
  'system.info': call<SystemInfo>()('Show version, computer and what is available', Nothing),
  'host.browse': call<HostFolderListing>()(
    'List a folder of this computer',
    z.object({ path: z.optional(z.string()), showHidden: z.optional(z.boolean()) }),
  ),
  'host.program': call<HostProgram>()('Show what a program of this computer needs', z.object({ path: z.string() })),
  'host.open-folder': call<null>()('Show a folder in the file manager', z.object({ path: z.string() })),

  'upload.begin': call<{ upload: string }>()('Begin an upload of files of the browser', Nothing),
  'upload.file': call<{ stream: number }>()(
    'Send one file on a stream; close it at the end',
    z.object({
      upload: z.string(),
      path: z.string().check(z.minLength(1)),
      lenBytes: z.int().check(z.gte(0)),
      isExecutable: z.optional(z.boolean()),
    }),
  ),
  'upload.finish': call<{ path: string }>()(
    'End an upload: the host path of the file, or of the folder of several',
    z.object({ upload: z.string() }),
  ),
  'upload.cancel': call<null>()('Forget an upload', z.object({ upload: z.string() })),
  'download.file': call<{ stream: number; lenBytes: number; fileName: string }>()(
    'Read a file that a job has written: a stream that closes at its end',
    z.object({ job: z.string() }),
  ),

  'terminal.open': call<{ terminal: string; stream: number }>()(
    'Open a terminal of this computer in a root file system folder, with elfdeck on PATH',
    z.object({ rootfs: z.optional(z.string()), vm: z.optional(z.string()), size: TerminalSize }),
  ),
  'terminal.resize': call<null>()('Resize it', z.object({ terminal: z.string(), size: TerminalSize })),
  'terminal.close': call<null>()('End it', z.object({ terminal: z.string() })),

  'diagnostics.create': call<{ stream: number; lenBytes: number; fileName: string }>()(
    'Make a bundle for a bug report, without secrets: a text on a stream that closes at its end',
    Nothing,
  ),
  'notifications.list': call<AppNotification[]>()('List notifications, latest first', Nothing),
  'notifications.clear': call<null>()('Forget them', Nothing),
  'notification.posted': event<AppNotification>('Something the user should know'),
} as const;
