/** File system scenarios recorded on Linux (test/golden/fs, record.py says how) give the same results here. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FileScript } from '../../../../support/file-script.ts';

describe('file system calls', () => {
  it.each(['names', 'access', 'io', 'mounts', 'inotify'])('answer as Linux did: %s', (name) => {
    const recorded = readFileSync(new URL(`../../../../golden/fs/${name}.txt`, import.meta.url), 'latin1');
    expect(new FileScript().run(recorded)).toBe(recorded);
  });
});
