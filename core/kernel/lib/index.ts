/** All micro-libraries, each after those it needs. An image selects from these by option. */
import type { MicroLibrary } from '../lib.ts';
import { posixEnviron } from './posix-environ/lib.ts';
import { posixEventfd } from './posix-eventfd/lib.ts';
import { posixFutex } from './posix-futex/lib.ts';
import { posixMmap } from './posix-mmap/lib.ts';
import { posixPipe } from './posix-pipe/lib.ts';
import { posixPoll } from './posix-poll/lib.ts';
import { posixTime } from './posix-time/lib.ts';
import { ukboot } from './ukboot/lib.ts';
import { uknetdev } from './uknetdev/lib.ts';
import { uksignal } from './uksignal/lib.ts';

export const libraries: readonly MicroLibrary[] = [
  ukboot,
  posixEnviron,
  uknetdev,
  posixTime,
  uksignal,
  posixMmap,
  posixFutex,
  posixPipe,
  posixEventfd,
  posixPoll,
];

/** Options that select them. */
export const libraryOptions: ReadonlySet<string> = new Set(libraries.map((library) => library.option));
