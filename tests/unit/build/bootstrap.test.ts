import { spawn, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const root = join(import.meta.dirname, '..', '..', '..')

/** A clone with the real bootstrap and stand-ins for what it starts; each notes in `calls` that it ran. */
function fakeClone(): string {
  const clone = temporaryFolder()
  for (const file of readdirSync(join(root, 'build')).filter((name) => name.endsWith('.mjs')))
    cpSync(join(root, 'build', file), join(clone, 'build', file))
  const files = {
    'package.json': '{}',
    'package-lock.json': JSON.stringify({ packages: { '': {}, 'node_modules/a': { version: '1.0.0' } } }),
    'electron.vite.config.ts': '',
    'tsconfig.json': '{}',
    'src/main/cli.ts': '',
    'src/main/runtime/provision.ts': note(
      'provision',
      "mkdirSync('pack', { recursive: true }); writeFileSync('pack/runtime.json', ''); console.log('pack')",
    ),
    'fake-npm.mjs': note('npm', "console.log('talk of npm'); writeFakeModules()") + writeFakeModules,
    'fake-cli.js': fakeCli,
  }
  for (const [name, content] of Object.entries(files)) write(join(clone, name), content)
  return clone
}

function note(name: string, then: string): string {
  return `import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
    appendFileSync('calls', '${name}\\n'); ${then}\n`
}

const writeFakeModules = `
function writeFakeModules() {
  mkdirSync('node_modules/electron-vite/bin', { recursive: true })
  writeFileSync('node_modules/electron-vite/bin/electron-vite.js', \`
    const fs = require('node:fs')
    fs.appendFileSync('calls', 'build\\\\n')
    console.log('talk of the build')
    if (fs.readFileSync('src/main/cli.ts', 'utf8').includes('broken')) process.exit(1)
    fs.mkdirSync('out/main', { recursive: true })
    fs.copyFileSync('fake-cli.js', 'out/main/cli.js')\`)
}`

const fakeCli = `
  const [command] = process.argv.slice(2)
  if (command === 'wait') {
    process.on('SIGTERM', () => { console.log('told to stop'); process.exit(7) })
    setTimeout(() => process.exit(9), 20_000)
    console.log('waiting')
  } else {
    console.log(JSON.stringify({ arguments: process.argv.slice(2), setup: process.env.DPLSTUDIO_SETUP_SECONDS }))
    process.exitCode = command === 'fail' ? 3 : 0
  }
`

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

interface Ended {
  status: number | null
  stdout: string
  stderr: string
}

function start(clone: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [join(clone, 'build', 'run.mjs'), ...args], {
    env: { ...environment(clone), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { child, ended: whenEnded(child) }
}

/** Ours, but for what this test itself was started with. */
function environment(clone: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DPLSTUDIO_BOOTSTRAP: undefined,
    NODE_OPTIONS: undefined,
    npm_lifecycle_event: undefined,
    npm_execpath: join(clone, 'fake-npm.mjs'),
    npm_node_execpath: process.execPath,
  }
}

function untilWaiting({ stdout }: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    stdout?.on('data', (text: string) => {
      if (text.includes('waiting')) resolve()
    })
  })
}

function whenEnded(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => (texts[name] += text))
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...texts })))
}

function bootstrap(clone: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return start(clone, args, env).ended
}

function calls(clone: string): string[] {
  const path = join(clone, 'calls')
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  rmSync(path, { force: true })
  return lines
}

describe('build/run.mjs', () => {
  test('sets up a fresh clone once, and keeps stdout for the command', async () => {
    const clone = fakeClone()
    const first = await bootstrap(clone, ['dplstudio', 'runs', '--json'])
    expect(calls(clone)).toEqual(['npm', 'provision', 'build'])
    const answer = JSON.parse(first.stdout) as { arguments: string[]; setup: string }
    expect(answer.arguments).toEqual(['runs', '--json'])
    expect(Number(answer.setup)).toBeGreaterThan(0)
    expect(first.stderr).toMatch(/setup: installing packages \(npm ci\): \d+\.\d s/)

    const second = await bootstrap(clone, ['demo', '--json'])
    expect(calls(clone)).toEqual([])
    expect(second.stderr).toBe('')
    expect(JSON.parse(second.stdout)).toMatchObject({ arguments: ['demo', '--json'] })
  })

  test('repeats only the step whose input has changed', async () => {
    const clone = fakeClone()
    await bootstrap(clone, ['dplstudio', 'runs'])
    calls(clone)
    write(join(clone, 'src', 'main', 'cli.ts'), '// changed')
    await bootstrap(clone, ['dplstudio', 'runs'])
    expect(calls(clone)).toEqual(['build'])
    rmSync(join(clone, 'pack'), { recursive: true })
    await bootstrap(clone, ['dplstudio', 'runs'])
    expect(calls(clone)).toEqual(['provision'])
    await bootstrap(clone, ['dplstudio', 'runs', '--data-dir', 'elsewhere'])
    expect(calls(clone)).toEqual(['provision'])
    write(
      join(clone, 'package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/a': { version: '2.0.0' } } }),
    )
    await bootstrap(clone, ['dplstudio', 'runs'])
    // Packages are bundled into the page.
    expect(calls(clone)).toEqual(['npm', 'build'])
  })

  test("accepts what a developer's own npm install has done", async () => {
    const clone = fakeClone()
    await bootstrap(clone, ['build'])
    rmSync(join(clone, 'node_modules', '.setup-stamp'))
    cpSync(join(clone, 'package-lock.json'), join(clone, 'node_modules', '.package-lock.json'))
    calls(clone)
    await bootstrap(clone, ['build'])
    expect(calls(clone)).toEqual([])
  })

  test.each([['runtime', 'install', 'cpu'], ['check'], ['train', '--help']])(
    'needs no runtime pack for: dplstudio %s',
    async (...args) => {
      const clone = fakeClone()
      expect((await bootstrap(clone, ['dplstudio', ...args])).status).toBe(0)
      expect(calls(clone)).toEqual(['npm', 'build'])
    },
  )

  test('gives the exit status of the command', async () => {
    expect((await bootstrap(fakeClone(), ['dplstudio', 'fail'])).status).toBe(3)
  })

  test('shows why the build failed and tries again next time', async () => {
    const clone = fakeClone()
    write(join(clone, 'src', 'main', 'cli.ts'), 'broken')
    const { status, stdout, stderr } = await bootstrap(clone, ['dplstudio', 'runs'])
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('talk of the build')
    calls(clone)
    await bootstrap(clone, ['dplstudio', 'runs'])
    expect(calls(clone)).toEqual(['build'])
  })

  test('builds again after a failed build, also for the sources that had been built before it', async () => {
    const clone = fakeClone()
    await bootstrap(clone, ['build'])
    write(join(clone, 'src', 'main', 'cli.ts'), 'broken')
    await bootstrap(clone, ['build'])
    write(join(clone, 'src', 'main', 'cli.ts'), '')
    calls(clone)
    await bootstrap(clone, ['build'])
    expect(calls(clone)).toEqual(['build'])
  })

  test('two commands at once set up once', async () => {
    const clone = fakeClone()
    const both = await Promise.all([1, 2].map(() => bootstrap(clone, ['dplstudio', 'runs'])))
    expect(both.map(({ status }) => status)).toEqual([0, 0])
    expect(calls(clone)).toEqual(['npm', 'provision', 'build'])
  })

  test('takes over the lock of a process that is gone', async () => {
    const clone = fakeClone()
    write(join(clone, '.cache', 'setup.lock'), String(2 ** 22 + 1))
    expect((await bootstrap(clone, ['build'])).status).toBe(0)
    expect(readdirSync(join(clone, '.cache'))).toEqual([])
  })

  test('passes signals on and waits for the command to end properly', async () => {
    const { child, ended } = start(fakeClone(), ['dplstudio', 'wait'])
    await untilWaiting(child)
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ status: 7, stdout: 'waiting\ntold to stop\n' })
  })

  test('ends the command when npm has been ended, which tells nobody', async () => {
    const clone = fakeClone()
    const script = `"${process.execPath}" "${join(clone, 'build', 'run.mjs')}" dplstudio wait; true`
    const env = { ...environment(clone), npm_lifecycle_event: 'dplstudio' }
    const shell = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = whenEnded(shell)
    await untilWaiting(shell)
    shell.kill('SIGKILL')
    expect((await ended).stdout).toBe('waiting\ntold to stop\n')
  })

  test('never starts itself from itself', async () => {
    const clone = fakeClone()
    const { status, stderr } = await bootstrap(clone, ['dplstudio', 'runs'], { DPLSTUDIO_BOOTSTRAP: '1' })
    expect(status).toBe(1)
    expect(stderr).toContain('started by itself')
    expect(calls(clone)).toEqual([])
  })

  describe('start', () => {
    /** As `npx install-electron` leaves it, with a program that says how it was started. */
    const installElectron = (clone: string) => {
      const program = join(clone, 'node_modules', 'electron', 'dist', 'electron')
      write(join(clone, 'node_modules', 'electron', 'path.txt'), 'electron')
      write(program, '#!/bin/sh\necho "window of $*"\n')
      chmodSync(program, 0o755)
    }
    const display = { DISPLAY: ':7', WAYLAND_DISPLAY: '' }

    test('shows the window where Electron and a display are', async () => {
      const clone = fakeClone()
      await bootstrap(clone, ['build'])
      installElectron(clone)
      const { stdout } = await bootstrap(clone, ['start', 'project'], display)
      expect(stdout).toMatch(/^window of (--no-sandbox )?\/.+ project\n$/)
      const served = await bootstrap(clone, ['start', '--serve', '--port', '1'], display)
      expect(JSON.parse(served.stdout)).toMatchObject({ arguments: ['serve', '--port', '1'] })
      expect(served.stderr).not.toContain('window')
    })

    test.runIf(process.platform === 'linux')(
      'serves the page where one is missing, and says which',
      async () => {
        const clone = fakeClone()
        const unbuilt = await bootstrap(clone, ['start'], display)
        expect(unbuilt.stderr).toContain('npx install-electron')
        expect(JSON.parse(unbuilt.stdout)).toMatchObject({ arguments: ['serve'] })
        installElectron(clone)
        const dark = await bootstrap(clone, ['start'], { DISPLAY: '', WAYLAND_DISPLAY: '' })
        expect(dark.stderr).toContain('no display')
        expect(JSON.parse(dark.stdout)).toMatchObject({ arguments: ['serve'] })
      },
    )

    test('works without a runtime pack, which the application can get by itself', async () => {
      const clone = fakeClone()
      write(join(clone, 'src', 'main', 'runtime', 'provision.ts'), 'process.exit(1)')
      const { status, stderr } = await bootstrap(clone, ['start', '--serve'])
      expect(status).toBe(0)
      expect(stderr).toContain('no TensorFlow runtime')
    })
  })

  test.each([[[]], [['unknown']], [['constructor']]])('explains itself when asked for %j', async (args) => {
    expect(await bootstrap(fakeClone(), args)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('dplstudio [args]') as string,
    })
  })
})
