/** Entry of the desktop app: one for each user, wired up when Electron is ready. */
import { app } from 'electron';
import { DesktopApp, registerScheme } from './desktop-app.ts';

app.enableSandbox();
registerScheme();

if (app.requestSingleInstanceLock()) {
  app
    .whenReady()
    .then(DesktopApp.start)
    .then(
      (desktop) => {
        if (desktop === undefined) app.quit();
      },
      (error: unknown) => {
        process.stderr.write(`elfdeck: ${error instanceof Error ? error.message : String(error)}\n`);
        app.exit(1);
      },
    );
} else app.quit();
