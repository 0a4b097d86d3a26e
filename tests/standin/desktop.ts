import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { contract, type Api } from '#shared/contract'
import { connectTable } from '#shared/rpc'
import { dataFolder } from '#main/data-folder'
import { findPack } from '#main/runtime/packs'
import { findChromium } from '../support/chromium.ts'
import { createElectron, type StandInState, type StandInWindow } from './electron.ts'
import { pagePort } from './page-port.ts'

const root = join(import.meta.dirname, '..', '..')
/** The built program that is tested: the real one, not its sources. */
export const built = process.env['DPLSTUDIO_OUT'] ?? join(root, 'out')
const pack = findPack(dataFolder()).folder

export interface DesktopOptions {
  dataFolder: string
  /** what runs as the engine; the built engine if nothing else */
  engine?: string
  env?: NodeJS.ProcessEnv
  args?: string[]
  /** another instance has the data folder's window */
  lockIsTaken?: boolean
  /** changes before the program starts */
  prepare?: (state: StandInState) => void
}

/** The built desktop program, running in this process over the stand-in. */
export interface RunningDesktop {
  readonly state: StandInState
  readonly nativeTheme: { readonly themeSource: string }
  /** the only window, once it is there */
  window(): Promise<StandInWindow>
  /** its page, once it has been drawn */
  page(): Promise<Page>
  /** a client that talks through the page's own bridge */
  api(): Promise<Api>
  /** what the page complained about on its console */
  readonly complaints: string[]
  /** the dialog that is open, once there is one that nobody has answered */
  question(): Promise<StandInState['asked'][number]>
  /** Ends the program as the end of the session would, and waits. */
  stop(): Promise<void>
}

/** One browser for a file of tests. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-background-networking'],
    // Signals are for the program under test.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  })
}

export function temporaryData(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'dplstudio-window-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Evaluates the built entry, and only then becomes ready, as Electron does. */
export function startDesktop(browser: Browser, options: DesktopOptions): RunningDesktop {
  const { electron, state } = createElectron({ browser, engine: options.engine })
  state.app.lockIsFree = options.lockIsTaken !== true
  options.prepare?.(state)
  const restore = dress(options)
  const before = signalListeners()
  try {
    evaluateEntry(electron)
  } finally {
    restore.args()
  }
  setImmediate(() => state.becomeReady())
  const complaints: string[] = []
  let stopped = false
  const watched = new WeakSet<Page>()
  const clients = new WeakMap<Page, Promise<Api>>()

  const window = () => until(() => state.windows.at(0), 'the window')
  const page = async () => {
    const shown = await (await window()).webContents.page()
    if (!watched.has(shown)) watch(shown, complaints)
    watched.add(shown)
    await shown.getByRole('navigation', { name: 'Sections' }).waitFor()
    return shown
  }
  return {
    state,
    nativeTheme: electron.nativeTheme,
    window,
    page,
    async api() {
      const shown = await page()
      const client = clients.get(shown) ?? pagePort(shown).then((port) => connectTable(contract, port))
      clients.set(shown, client)
      return client
    },
    complaints,
    question: () => until(() => state.asked.find(({ answered }) => !answered), 'a question'),
    async stop() {
      if (stopped) return
      stopped = true
      // A program that has not come to its window has nothing to end.
      if (electron.powerMonitor.listenerCount('shutdown') === 0) state.endWith(0)
      else electron.powerMonitor.emit('shutdown')
      await state.ended
      restore.env()
      dropSignalListeners(before)
    },
  }
}

/** Waits for something that the program does in its own time. */
export async function until<Value>(
  look: () => Value | undefined | Promise<Value | undefined>,
  what = 'it',
): Promise<Value> {
  const limit = Date.now() + 20_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > limit) throw new Error(`Waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function watch(page: Page, complaints: string[]): void {
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message))
}

/** The arguments and the environment that the program is started with. */
function dress({ dataFolder: folder, env = {}, args = [] }: DesktopOptions) {
  const changes: NodeJS.ProcessEnv = {
    DPLSTUDIO_DATA: folder,
    DPLSTUDIO_RUNTIME: pack,
    NODE_NO_WARNINGS: '1',
    DISPLAY: undefined,
    ...env,
  }
  const old = Object.keys(changes).map((name) => [name, process.env[name]] as const)
  const oldArgs = process.argv
  const set = ([name, value]: readonly [string, string | undefined]) => {
    if (value === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
  }
  Object.entries(changes).forEach(set)
  process.argv = ['electron', '.', ...args]
  return { args: () => void (process.argv = oldArgs), env: () => old.forEach(set) }
}

/** Loads the entry afresh, with the stand-in where `electron` would be. */
function evaluateEntry(electron: object): void {
  const entry = join(built, 'main', 'index.js')
  const require = createRequire(entry)
  const place = require.resolve('electron')
  const exports = electron
  require.cache[place] = { id: place, filename: place, loaded: true, exports } as NodeJS.Module
  for (const file of Object.keys(require.cache))
    if (file.startsWith(built)) Reflect.deleteProperty(require.cache, file)
  require(entry)
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function signalListeners() {
  return new Set<unknown>(SIGNALS.flatMap((signal) => process.listeners(signal)))
}

function dropSignalListeners(before: ReadonlySet<unknown>): void {
  for (const signal of SIGNALS)
    for (const listener of process.listeners(signal)) if (!before.has(listener)) process.off(signal, listener)
}
