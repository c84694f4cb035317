/** Builds the window (renderer/) into build/out/renderer; `npm run build` and whatever serves the window call this. */
import { join } from 'node:path';
import { build } from 'vite';
import { root } from './checks.mjs';

await build({ configFile: join(root, 'build/vite.config.ts'), logLevel: 'warn' });
