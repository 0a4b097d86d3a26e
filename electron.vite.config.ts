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
})
