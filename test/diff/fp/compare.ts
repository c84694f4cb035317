/**
 * Compares our floating-point operations with the CPU at hand, bit for bit (needs an x86-64 machine and gcc):
 *
 *   node test/diff/fp/compare.ts sse|x87 COUNT [SEED] [NAME]
 */
import { compareSse } from './compare-sse.ts';
import { compareX87 } from './compare-x87.ts';

const [, , what, count = '100000', seed = '1', name = ''] = process.argv;
if (what === 'sse') process.exit(compareSse(Number(count), Number(seed), name) ? 0 : 1);
if (what === 'x87') process.exit(compareX87(Number(count), Number(seed), name) ? 0 : 1);
throw new Error('usage: compare.ts sse|x87 COUNT [SEED] [NAME]');
