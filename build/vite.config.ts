/**
 * Builds the window into build/out/renderer: no inline script and no eval (messages of vue-i18n are compiled here), fonts
 * and icons from our own origin, so that it runs under a strict content security policy.
 */
import { join } from 'node:path';
import vueI18n from '@intlify/unplugin-vue-i18n/vite';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

const root = join(import.meta.dirname, '..');

export const plugins = [
  vue(),
  vueI18n({
    include: [join(root, 'renderer/locales/*/*.json')],
    runtimeOnly: true,
    compositionOnly: true,
    fullInstall: false,
    strictMessage: false,
  }),
];

export default defineConfig({
  root: join(root, 'renderer'),
  base: '/',
  plugins,
  build: {
    outDir: join(root, 'build/out/renderer'),
    emptyOutDir: true,
    target: 'chrome120',
    // An inlined asset would be a data: URL, which the policy refuses for fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
  },
});
