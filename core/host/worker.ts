/** Entry of an instance's worker thread in the bundle: runs the script of instance-worker.ts with its code cache. */
import { runScript } from './script-cache.ts';

const { exports, saveCache } = runScript(import.meta.dirname, 'instance-worker.cjs');
(exports as typeof import('./instance-worker.ts')).hooks.beforeEnd = saveCache;
