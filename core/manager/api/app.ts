/** Handlers of the app itself: settings, this computer, uploads, terminals, diagnostics. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { appCalls } from '../../contract/api/app.ts';
import { VmError } from '../../contract/errors.ts';
import { diagnosticsText } from '../app/diagnostics.ts';
import { browseHost, hostProgramInfo } from '../app/host-files.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { systemInfo } from '../app/system-info.ts';
import { sendBytes } from '../console/send-bytes.ts';
import type { HandlersOf } from './handlers.ts';

export function appHandlers(app: ManagerApp): HandlersOf<typeof appCalls> {
  const { settings, uploads, terminals, notifications, vms, roots, jobs } = app;
  return {
    'settings.get': () => settings.get(),
    'settings.set': ({ changes }) => settings.set(changes),
    'app.activate': async () => (await app.options.activate?.()) ?? {},
    'app.quit': () => {
      if (app.options.quit === undefined)
        throw new VmError('feature.unavailable', "this process can't be ended from outside");
      app.options.quit();
      return null;
    },
    'system.info': () => systemInfo(app),
    'host.browse': ({ path, showHidden }) => browseHost(path, showHidden === true),
    'host.program': ({ path }) => hostProgramInfo(path),
    'host.open-folder': async ({ path }) => {
      if (app.options.openFolder === undefined)
        throw new VmError('feature.unavailable', `there is no file manager here; the folder is ${path}`, { path });
      await app.options.openFolder(path);
      return null;
    },
    'upload.begin': () => ({ upload: uploads.begin() }),
    'upload.file': ({ upload, path, lenBytes, isExecutable }, { streams }) => {
      const stream = streams.create();
      try {
        uploads.file(upload, path, lenBytes, isExecutable === true, stream);
      } catch (error) {
        stream.abort();
        throw error;
      }
      return { stream: stream.id };
    },
    'upload.finish': async ({ upload }) => ({ path: await uploads.finish(upload) }),
    'upload.cancel': ({ upload }) => {
      uploads.cancel(upload);
      return null;
    },
    'download.file': ({ job }, { streams }) => {
      const path = jobs.get(job).result?.path;
      if (path === undefined) throw new VmError('job.not-found', 'this job has written no file', { job });
      return { ...sendBytes(streams, readFileSync(path)), fileName: basename(path) };
    },
    'terminal.open': async ({ rootfs, vm, size }, { streams }) => {
      const spec = vm === undefined ? undefined : vms.get(vm).spec;
      const folder =
        rootfs !== undefined
          ? roots.find(rootfs).path
          : spec?.rootfs?.kind === 'folder'
            ? spec.rootfs.path
            : app.home.path;
      const stream = streams.create();
      try {
        return { terminal: await terminals.open(folder, size, stream), stream: stream.id };
      } catch (error) {
        stream.abort();
        throw error;
      }
    },
    'terminal.resize': ({ terminal, size }) => {
      terminals.resize(terminal, size);
      return null;
    },
    'terminal.close': ({ terminal }) => {
      terminals.close(terminal);
      return null;
    },
    'diagnostics.create': async (_, { streams }) => {
      const text = await diagnosticsText(app);
      return { ...sendBytes(streams, new TextEncoder().encode(text)), fileName: 'elfdeck-diagnostics.txt' };
    },
    'notifications.list': () => notifications.list(),
    'notifications.clear': () => {
      notifications.clear();
      return null;
    },
  };
}
