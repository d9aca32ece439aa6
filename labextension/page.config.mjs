/** Makes the one script and the one style of a run's page: `../jupyter_mage/static/page.js`, `page.css`. */

import { defineConfig } from 'vite';

export default defineConfig({
  logLevel: 'warn',
  build: {
    outDir: '../jupyter_mage/static',
    emptyOutDir: true,
    target: 'es2022',
    lib: {
      entry: 'src/page/index.ts',
      formats: ['iife'],
      name: 'jupyter_mage_page',
      fileName: () => 'page.js',
      cssFileName: 'page'
    }
  }
});
