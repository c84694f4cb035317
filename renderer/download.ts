/** Saves bytes or text as a file of the user, the way browsers do; Electron's shell asks where. */
import type { ByteStream } from '../core/contract/streams.ts';

export function saveText(fileName: string, text: string): void {
  saveBlob(fileName, new Blob([text], { type: 'text/plain' }));
}

export function saveBlob(fileName: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The download has its own reference by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Reads a stream to its end and saves it. Rejects with the error that the other end closed it with. */
export async function saveStream(fileName: string, stream: ByteStream): Promise<void> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  stream.consume((bytes) => {
    pieces.push(new Uint8Array(bytes));
  });
  const error = await stream.ended;
  if (error !== undefined) throw error;
  saveBlob(fileName, new Blob(pieces));
}
