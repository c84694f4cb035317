/** Where the worker's code is: beside this file, as source or in the bundle. */
export const workerEntry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.mjs', import.meta.url);
