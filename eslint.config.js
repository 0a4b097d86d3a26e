const { defineConfig } = require('eslint/config')
const tseslint = require('typescript-eslint')
const importX = require('eslint-plugin-import-x')
const vue = require('eslint-plugin-vue')
const vueParser = require('vue-eslint-parser')
const { createTypeScriptImportResolver } = require('eslint-import-resolver-typescript')

/** Who may import whom: `target` must not reach into `from`, except for the paths in `except`. */
const zones = [
  { target: './src/shared', from: ['./src/main', './src/renderer', './src/preload'] },
  { target: './src/renderer', from: ['./src/main', './src/preload'] },
  { target: './src/preload', from: ['./src/main', './src/renderer'] },
  { target: './src/main', from: ['./src/renderer', './src/preload'] },
  // Shells know each other's parts no more than they know what the application is made of.
  {
    target: ['./src/main/electron', './src/main/serve'],
    from: ['./src/main/db', './src/main/engine', './src/main/services', './src/main/cli'],
  },
  { target: './src/main/serve', from: ['./src/main/engine-host', './src/main/electron'] },
  { target: './src/main/electron', from: './src/main/serve' },
  {
    target: './src/main/assets',
    from: [
      './src/main/db',
      './src/main/engine',
      './src/main/services',
      './src/main/cli',
      './src/main/electron',
    ],
  },
  {
    target: './src/main/engine',
    from: [
      './src/main/services',
      './src/main/db',
      './src/main/cli',
      './src/main/engine-host',
      './src/main/runtime/install.ts',
    ],
  },
  {
    target: './src/main/db',
    from: ['./src/main/services', './src/main/engine', './src/main/cli', './src/main/engine-host'],
  },
  { target: './src/main/engine-host', from: ['./src/main/services', './src/main/db', './src/main/cli'] },
  { target: './src/main/engine-host', from: './src/main/engine', except: ['./protocol.ts'] },
  { target: './src/main/services', from: ['./src/main/cli'] },
  // Pure parts of the engine answer questions that cannot wait for it: none of them loads TensorFlow.
  {
    target: './src/main/services',
    from: './src/main/engine',
    except: ['./protocol.ts', './data/few-shot.ts', './data/templates.ts', './clip/side-files.ts'],
  },
  { target: './src/main/cli', from: ['./src/main/db', './src/main/engine', './src/main/engine-host'] },
  // Inside the engine imports go one way: tensor <- clip <- prompts <- methods <- stages <- jobs.
  { target: './src/main/engine/tensor', from: './src/main/engine', except: ['./tensor'] },
  { target: './src/main/engine/clip', from: './src/main/engine', except: ['./tensor', './clip', './data'] },
  { target: './src/main/engine/data', from: './src/main/engine', except: ['./tensor', './data'] },
  { target: './src/main/engine/optim', from: './src/main/engine', except: ['./tensor', './optim'] },
  {
    target: './src/main/engine/prompts',
    from: './src/main/engine',
    except: ['./tensor', './clip', './prompts'],
  },
]

module.exports = defineConfig(
  { ignores: ['out/**', 'node_modules/**', 'resources/**', '**/*.mjs', 'eslint.config.js'] },
  tseslint.configs.strictTypeChecked,
  vue.configs['flat/essential'],
  {
    files: ['**/*.ts', '**/*.vue'],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: __dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: __dirname, zones }],
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // An index the line before has made safe; `noUncheckedIndexedAccess` would ask for a branch that cannot run.
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^@tensorflow/', message: 'Only engine/tensor/tf.ts and runtime/ load TensorFlow.' },
            { regex: '^better-sqlite3$', message: 'Only db/ opens the database.' },
            { regex: '^electron$', message: 'Only main/electron and main/index.ts know Electron.' },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.vue'],
    languageOptions: { parser: vueParser, parserOptions: { parser: tseslint.parser } },
    rules: { 'vue/block-lang': ['error', { script: { lang: 'ts' } }], 'vue/no-undef-components': 'off' },
  },
  {
    files: [
      'src/main/engine/tensor/tf.ts',
      'src/main/runtime/**',
      'src/main/db/**',
      'src/main/electron/**',
      'src/main/index.ts',
      'src/preload/**',
      'src/renderer/src/env.d.ts',
      '*.config.ts',
      'tests/**',
    ],
    rules: { 'no-restricted-imports': 'off', 'import-x/no-default-export': 'off' },
  },
)
