#!/usr/bin/env node
// The way into this repository on a fresh clone: `node build/run.mjs <command>` installs what is missing, builds
// what is stale, and runs the command. Says on stderr what it does; stdout belongs to the command.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StepFailed, run, withLock } from './process.mjs'
import { provideBrowser } from './browser.mjs'
import { preparePython, python, runReferenceTests } from './reference.mjs'
import { start } from './start.mjs'
import {
  buildProgram,
  cache,
  cli,
  fail,
  installPackages,
  provideRuntime,
  root,
  timed,
  toolEnvironment,
  toolNode,
} from './setup.mjs'

const usage = `node build/run.mjs <command>
  start [args]        the window; without Electron or a display, or with --serve, the page for a browser
  demo [args]         the whole job on the sample project
  dplstudio [args]    the command line of DPL Studio
  test [args]         types, lint, format, tests; with arguments, vitest alone with these
  e2e [args]          the screens in a browser
  check               types, lint, format
  build               bundle into out/
  package [args]      packages for this platform in dist/; --dir: only what would be packed
  bench [args]        measure, side by side with PyTorch
  reference [args]    compare with PyTorch (pytest; makes its own Python environment)
  bench:kills [n]     runs that are killed again and again, against one that is not
  bench:screens       the screens against their budgets
  screenshots [args]  pictures of the screens
`
const tool = (...path) => join(root, 'node_modules', ...path)

/** Per command: what has to be there, and what to run. */
const commands = {
  start: { steps: [installPackages, runtimeIfPossible, buildProgram], main: start },
  demo: {
    steps: [installPackages, provideRuntime, buildProgram],
    main: (args) => node([cli, 'demo', ...args]),
  },
  dplstudio: {
    steps: [installPackages, runtimeUnlessManaged, buildProgram],
    main: (args) => node([cli, ...args]),
  },
  test: { steps: [installPackages, provideRuntime, buildProgram, provideBrowser], main: test },
  e2e: {
    steps: [installPackages, provideRuntime, buildProgram, provideBrowser],
    main: (args) => node([tool('vitest', 'vitest.mjs'), 'run', '--config', 'vitest.e2e.config.mts', ...args]),
  },
  check: { steps: [installPackages, buildProgram], main: check },
  build: { steps: [installPackages, buildProgram], main: async () => 0 },
  package: {
    steps: [installPackages, buildProgram],
    main: (args) => node([join(root, 'build', 'package.mjs'), ...args]),
  },
  bench: { steps: [installPackages, provideRuntime, buildProgram, preparePythonIfThere], main: bench },
  reference: {
    steps: [installPackages, provideRuntime, buildProgram, preparePython],
    main: runReferenceTests,
  },
  'bench:kills': {
    steps: [installPackages, provideRuntime, buildProgram],
    main: (args) => script([join('bench', 'kill-soak.ts'), ...args]),
  },
  'bench:screens': {
    steps: [installPackages, provideRuntime, buildProgram, provideBrowser],
    main: (args) => script([join('bench', 'screens', 'screens.ts'), ...args]),
  },
  screenshots: {
    steps: [installPackages, provideRuntime, buildProgram, provideBrowser],
    main: (args) => script([join('tests', 'e2e', 'screenshots.ts'), ...args]),
  },
}

process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  if (error instanceof StepFailed) return error.status
  throw error
})

async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined
  if (command === undefined) {
    process.stderr.write(usage)
    return 2
  }
  if (Number(process.versions.node.split('.')[0]) < 20)
    fail(`Node ${process.versions.node} is too old: 20 or newer is needed.`)
  // Whatever this script starts must never start it again: a loop of processes fills a machine within minutes.
  if (process.env.DPLSTUDIO_BOOTSTRAP !== undefined)
    fail('build/run.mjs was started by itself; run the program in out/ instead.')
  process.chdir(root)
  const before = performance.now()
  await withLock(join(cache, 'setup.lock'), async () => {
    for (const step of command.steps) await step(args)
  })
  process.env.DPLSTUDIO_SETUP_SECONDS = ((performance.now() - before) / 1000).toFixed(1)
  return command.main(args)
}

function node(args) {
  return run(toolNode(), args, { env: toolEnvironment() })
}

/** Runs one of our own TypeScript files as it is. */
function script(args) {
  return node(['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', ...args])
}

/** Commands that manage packs, report on them or only explain have to work without one. */
async function runtimeUnlessManaged(args) {
  const explains =
    args.length === 0 || args.includes('--help') || args.includes('-h') || args.includes('--version')
  if (!explains && !['runtime', 'check', 'help', 'version'].includes(args[0])) await provideRuntime(args)
}

async function test(args) {
  if (args.length === 0) {
    const status = await check()
    if (status !== 0) return status
  }
  return node([tool('vitest', 'vitest.mjs'), 'run', ...args])
}

/** All checks at once; the output of those that fail. */
async function check() {
  const folders = ['src', 'tests', 'bench'].filter((folder) => existsSync(join(root, folder)))
  const tsc = tool('typescript', 'bin', 'tsc')
  const vueTsc = tool('vue-tsc', 'bin', 'vue-tsc.js')
  const checks = {
    types: [tsc, '--noEmit', '-p', 'tsconfig.json'],
    'types of src/shared': [tsc, '--noEmit', '-p', 'tsconfig.shared.json'],
    'types of tests/e2e': [tsc, '--noEmit', '-p', join('tests', 'e2e', 'tsconfig.json')],
    'types of tests/unit/renderer': [
      tsc,
      '--noEmit',
      '-p',
      join('tests', 'unit', 'renderer', 'tsconfig.json'),
    ],
    'types of src/renderer': [vueTsc, '--noEmit', '-p', join('src', 'renderer', 'tsconfig.json')],
    lint: [tool('eslint', 'bin', 'eslint.js'), '--max-warnings=0', ...folders, 'electron.vite.config.ts'],
    format: [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.'],
  }
  let worst = 0
  await timed('checking types, lint and format', async () => {
    const runs = Object.entries(checks).map(async ([name, args]) => {
      const output = []
      const status = await run(toolNode(), args, {
        env: toolEnvironment(),
        collect: (text) => output.push(text),
      })
      if (status !== 0) process.stderr.write(`\n${name}: failed\n${output.join('')}\n`)
      worst = Math.max(worst, status)
    })
    await Promise.all(runs)
  })
  return worst
}

function bench(args) {
  const entry = join(root, 'bench', 'bench.ts')
  if (!existsSync(entry)) fail(`${entry} is missing.`)
  const env = { ...toolEnvironment(), ...(existsSync(python) && { DPLSTUDIO_PYTHON: python }) }
  return run(toolNode(), ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', entry, ...args], { env })
}

/** Without Python the benchmark still measures our side. */
function preparePythonIfThere() {
  return orWithout(preparePython())
}

/** Without a pack the application still shows what there is, and how to get one. */
function runtimeIfPossible(args) {
  return orWithout(provideRuntime(args))
}

/** The step has said what went wrong. */
async function orWithout(step) {
  await step.catch((error) => {
    if (!(error instanceof StepFailed)) throw error
  })
}
