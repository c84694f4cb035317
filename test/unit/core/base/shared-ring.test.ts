import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { FrameReader, writeFrame } from '../../../../core/base/output-frames.ts';
import { createRing, RingReader, RingWriter } from '../../../../core/base/shared-ring.ts';

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

describe('shared ring', () => {
  it('keeps the order of bytes over its end', () => {
    const buffer = createRing(8);
    const [writer, reader] = [new RingWriter(buffer), new RingReader(buffer)];
    const into = new Uint8Array(8);
    expect(writer.write(bytes(1, 2, 3, 4, 5, 6))).toBe(6);
    expect(reader.read(into.subarray(0, 4))).toBe(4);
    expect(writer.write(bytes(7, 8, 9, 10, 11, 12, 13))).toBe(6);
    expect(reader.read(into)).toBe(8);
    expect([...into]).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
    expect(reader.read(into)).toBe(0);
  });

  it('tells a sleeping side once', () => {
    const buffer = createRing(8);
    const [writer, reader] = [new RingWriter(buffer), new RingReader(buffer)];
    expect(reader.sleepUntilBytes()).toBe(true);
    writer.write(bytes(1));
    expect([writer.takeReaderAsleep(), writer.takeReaderAsleep()]).toEqual([true, false]);
    expect(reader.sleepUntilBytes()).toBe(false);
  });

  it('shows its end when the writer closed and all is read', () => {
    const buffer = createRing(8);
    const [writer, reader] = [new RingWriter(buffer), new RingReader(buffer)];
    writer.write(bytes(1));
    writer.close();
    expect(reader.isAtEnd).toBe(false);
    reader.read(new Uint8Array(8));
    expect(reader.isAtEnd).toBe(true);
  });

  it('lets a blocked writer go when the reader closes', async () => {
    const buffer = createRing(8);
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      import(workerData.url).then(({ RingWriter }) => {
        const writer = new RingWriter(workerData.buffer);
        writer.write(new Uint8Array(8));
        parentPort.postMessage('full');
        parentPort.postMessage(writer.waitForRoom());
      });`;
    const url = new URL('../../../../core/base/shared-ring.ts', import.meta.url).href;
    const worker = new Worker(code, { eval: true, workerData: { buffer, url } });
    const next = (): Promise<unknown> => new Promise((resolve) => worker.once('message', resolve));
    expect(await next()).toBe('full');
    const answer = next();
    new RingReader(buffer).close();
    expect(await answer).toBe(false);
    await worker.terminate();
  });

  it('carries frames of several streams, in pieces when they are long', () => {
    const buffer = createRing(16);
    const frames = new FrameReader(new RingReader(buffer));
    const writer = new RingWriter(buffer);
    writeFrame(writer, 1, bytes(1, 2, 3), () => {});
    writeFrame(writer, 2, bytes(4), () => {});
    expect([frames.next(2), frames.next(2), frames.next(2), frames.next(2)]).toEqual([
      { stream: 1, bytes: bytes(1, 2) },
      { stream: 1, bytes: bytes(3) },
      { stream: 2, bytes: bytes(4) },
      undefined,
    ]);
  });
});
