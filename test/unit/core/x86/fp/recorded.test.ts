import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareRecording, sse, x87 } from '../../../../diff/fp/recorded.ts';

const folder = join(import.meta.dirname, '../../../../diff/fp');
const recording = (name: string): DataView => {
  const bytes = readFileSync(join(folder, name));
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
};

describe('floating point', () => {
  it('gives what a real CPU gave for SSE', () => {
    expect(compareRecording(sse, recording('sse.recorded'))).toEqual([]);
  });
  it('gives what a real CPU gave for x87', () => {
    expect(compareRecording(x87, recording('x87.recorded'))).toEqual([]);
  });
});
