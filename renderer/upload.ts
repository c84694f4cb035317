/** Sends files of the browser to the manager: a host path comes back, as if they had been there all along. */
import { useApi } from './api.ts';

export interface UploadFile {
  /** Relative, with slashes. */
  path: string;
  file: File;
}

export interface Upload {
  doneBytes: number;
  totalBytes: number;
  fileName: string;
}

const PIECE = 1 << 20;

/** Uploads and returns the path of the file, or of the folder of several. Nothing stays when it fails or is aborted. */
export async function upload(
  files: readonly UploadFile[],
  signal: AbortSignal,
  onProgress: (progress: Upload) => void,
): Promise<string> {
  const api = useApi();
  const { upload: id } = await api.call('upload.begin', {});
  const progress = {
    doneBytes: 0,
    totalBytes: files.reduce((sum, { file }) => sum + file.size, 0),
    fileName: '',
  } satisfies Upload;
  try {
    for (const { path, file } of files) {
      signal.throwIfAborted();
      const { stream: number } = await api.call('upload.file', { upload: id, path, lenBytes: file.size });
      const stream = api.openStream(number);
      for (let at = 0; at < file.size; at += PIECE) {
        signal.throwIfAborted();
        const bytes = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
        await stream.write(bytes);
        progress.doneBytes += bytes.length;
        onProgress({ ...progress, fileName: path });
      }
      stream.close();
      const error = await stream.ended;
      if (error !== undefined) throw error;
    }
    return (await api.call('upload.finish', { upload: id })).path;
  } catch (error) {
    await api.call('upload.cancel', { upload: id });
    throw error;
  }
}

/** All files of what was dropped; folders with what is in them. */
export async function droppedFiles(transfer: DataTransfer): Promise<UploadFile[]> {
  // Items are gone once the event is over, so all of them are asked before anything waits.
  const items = [...transfer.items].map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const lists = items.map(({ entry, file }) => {
    if (entry !== null) return filesOf(entry, '');
    return file === null ? [] : [{ path: file.name, file }];
  });
  return (await Promise.all(lists)).flat();
}

async function filesOf(entry: FileSystemEntry, folder: string): Promise<UploadFile[]> {
  const path = folder + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: UploadFile[] = [];
  // A reader gives a hundred entries at most each time.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return files;
    for (const child of batch) files.push(...(await filesOf(child, `${path}/`)));
  }
}
