/** `npm run build`: the bundle of the core, and the window. */
await import('./bundle.mjs');
await import('./renderer.mjs');
