/** A capture file that a machine's own thread writes: a block for each frame, in pieces of some size, whole at its end. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { VmError } from '../../contract/errors.ts';
import { Capture, type Tap } from '../../net/capture.ts';
import { interfaceDescription, packet, sectionHeader } from '../../net/pcapng.ts';
import type { Station } from '../../net/station.ts';
import { hostReason } from '../services.ts';

const PIECE_BYTES = 1 << 16;

export class CaptureFile {
  private readonly fd: number;
  private readonly pieces: Uint8Array[] = [];
  private lenBytes = 0;
  private isFull = false;

  /** Throws VmError `host.file`. */
  constructor(path: string, cards: readonly string[]) {
    try {
      this.fd = openSync(path, 'w', 0o600);
    } catch (error) {
      throw new VmError('host.file', `cannot write the capture ${path}: ${hostReason(error)}`, { path }, error);
    }
    this.add(sectionHeader());
    for (const name of cards) this.add(interfaceDescription(name));
    this.flush();
  }

  /** What a card's streams and datagrams are told to. */
  tap(card: number): Tap {
    const words = new Uint32Array(1);
    return new Capture(
      (frame) =>
        this.add(packet(card, BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1000n, frame)),
      () => crypto.getRandomValues(words)[0]!,
    );
  }

  private add(block: Uint8Array): void {
    if (this.isFull) return;
    this.pieces.push(block);
    this.lenBytes += block.length;
    if (this.lenBytes >= PIECE_BYTES) this.flush();
  }

  /** Writes what has come. A full disk ends the capture, not the machine. */
  flush(): void {
    const bytes = Buffer.concat(this.pieces.splice(0));
    this.lenBytes = 0;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      this.isFull = true;
    }
  }
  close(): void {
    this.flush();
    closeSync(this.fd);
  }
}

/** Captures what a station does into a file, until the result is called. */
export function capture(station: Station, path: string): CaptureFile {
  const file = new CaptureFile(
    path,
    station.cards.map(({ name }) => name),
  );
  for (const [i, card] of station.cards.entries()) card.tap = file.tap(i);
  return file;
}
