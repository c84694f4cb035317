/**
 * Writes build/out/handlers.wasm: tier 0's handlers for the forms of core/interp/common-forms.txt, so that a start needs
 * to generate none of them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { decodeTable } from '../core/interp/create.ts';
import { buildModule, formNumbers } from '../core/interp/handlers.ts';

const list = readFileSync(new URL('../core/interp/common-forms.txt', import.meta.url), 'utf8');
const names = list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const table = decodeTable();
writeFileSync(new URL('./out/handlers.wasm', import.meta.url), buildModule(table, formNumbers(table, names)));
