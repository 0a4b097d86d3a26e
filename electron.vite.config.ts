import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

/**
 * CommonJS on purpose: an ES entry with top-level await never lets Electron become ready. Node modules
 * get a chunk of their own, so that no entry ever has to load another entry for shared code: an engine
 * that loads the command line would start itself again.
 */
export default defineConfig({
  main: {
    build: {
      target: 'node22.14',
      sourcemap: true,
      externalizeDeps: true,
      rolldownOptions: {
        input: {
          index: 'src/main/index.ts',
          cli: 'src/main/cli.ts',
          engine: 'src/main/engine.ts',
        },
        output: {
          format: 'cjs',
          codeSplitting: { groups: [{ name: 'vendor', test: /node_modules/ }] },
        },
      },
    },
  },
  preload: {
    build: {
      target: 'node22.14',
      externalizeDeps: false,
      // A sandboxed preload script is one file that requires nothing but `electron`.
      rolldownOptions: { input: { index: 'src/preload/index.ts' }, output: { format: 'cjs' } },
    },
  },
  renderer: {
    root: 'src/renderer',
    plugins: [
      // electron-vite would make addresses relative, which do not hold below `/projects/...`.
      { name: 'addresses-from-the-root', config: () => ({ base: '/' }) },
      vue(),
      ui({
        autoImport: false,
        components: { dirs: [], dts: '../../out/types/components.d.ts' },
        // Icons come with the build: nothing is asked of the network at run time.
        icon: { clientBundle: { scan: true } },
        colorMode: true,
        ui: {
          colors: { primary: 'blue', neutral: 'zinc' },
        },
      }),
    ],
    build: {
      target: 'es2022',
      minify: true,
      rolldownOptions: { input: { index: 'src/renderer/index.html' } },
    },
  },
})
