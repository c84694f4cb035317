/** Updates by electron-updater, unless the user has switched them off. They are downloaded when asked for and installed at the end. */
import { app } from 'electron';

export interface UpdateAnswer {
  state: 'off' | 'none' | 'available' | 'failed';
  text: string;
}

export async function checkForUpdates(isWanted: boolean): Promise<UpdateAnswer> {
  if (!isWanted) return { state: 'off', text: 'Looking for updates is switched off in the settings.' };
  if (!app.isPackaged) return { state: 'off', text: 'This is no installed package: update the sources instead.' };
  try {
    // It looks at the app's package when it is loaded, so it is loaded here.
    const { default: updater } = await import('electron-updater');
    const { autoUpdater } = updater;
    autoUpdater.autoDownload = false;
    const found = await autoUpdater.checkForUpdates();
    const version = found?.updateInfo.version;
    if (version === undefined || !found?.isUpdateAvailable)
      return { state: 'none', text: 'This is the latest version.' };
    autoUpdater.autoInstallOnAppQuit = true;
    await autoUpdater.downloadUpdate();
    return { state: 'available', text: `Version ${version} is installed when the app ends.` };
  } catch (error) {
    return { state: 'failed', text: error instanceof Error ? error.message.split('\n')[0]! : String(error) };
  }
}
