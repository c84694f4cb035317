/** Randomness: manifest. */
import { defineLib } from '../../lib.ts';
import { getrandom } from './getrandom.ts';

export const ukrandom = defineLib({
  name: 'ukrandom',
  option: 'LIBUKRANDOM',
  summary: 'Random numbers from the host',
  needs: [],
  syscalls: [getrandom],
});
