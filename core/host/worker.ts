/**
 * Entry of an instance's worker thread. Its own code is next to nothing: it turns on V8's code cache, which a worker does
 * not inherit, before the rest is compiled (about 30 ms of the start-up).
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Sources are compiled by Node itself, which keeps no cache for them that would be worth it.
if (!import.meta.url.endsWith('.ts')) enableCompileCache(fileURLToPath(new URL('./cache', import.meta.url)));
await import('./instance-worker.ts');
