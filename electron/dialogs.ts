/** Dialogs of the system for files and folders. */
import { type BrowserWindow, dialog } from 'electron';

type Property = 'openFile' | 'openDirectory' | 'multiSelections' | 'showHiddenFiles';
const properties: Readonly<Record<'file' | 'folder' | 'files', Property[]>> = {
  file: ['openFile', 'showHiddenFiles'],
  files: ['openFile', 'multiSelections', 'showHiddenFiles'],
  folder: ['openDirectory', 'showHiddenFiles'],
};

export interface PickOptions {
  title?: string | undefined;
  kind: 'file' | 'folder' | 'files';
  extensions?: string[] | undefined;
}

/** None when it is cancelled. */
export async function pickPaths(
  window: BrowserWindow,
  { title, kind, extensions = [] }: PickOptions,
): Promise<string[]> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    properties: properties[kind],
    ...(title === undefined ? {} : { title }),
    ...(extensions.length === 0
      ? {}
      : {
          filters: [
            { name: extensions.join(', '), extensions },
            { name: '*', extensions: ['*'] },
          ],
        }),
  });
  return filePaths;
}

export async function pickTarget(
  window: BrowserWindow,
  fileName: string,
  title: string | undefined,
): Promise<string | null> {
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    defaultPath: fileName,
    ...(title === undefined ? {} : { title }),
  });
  return canceled || filePath === '' ? null : filePath;
}

/** True when the instances that run are to be ended. */
export async function confirmQuit(running: readonly string[]): Promise<boolean> {
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message:
      running.length === 1 ? `Stop ${running[0]} and quit?` : `Stop ${running.length} running instances and quit?`,
    detail: running.join(', '),
    buttons: ['Stop and Quit', 'Cancel'],
    defaultId: 0,
    cancelId: 1,
  });
  return response === 0;
}
