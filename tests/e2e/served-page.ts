import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { dataFolder } from '#main/data-folder'
import { findPack } from '#main/runtime/packs'
import { findChromium } from '../support/chromium.ts'

const root = join(import.meta.dirname, '..', '..')
const program = join(root, 'out', 'main', 'cli.js')
const pack = findPack(dataFolder()).folder

/** A `dplstudio serve` with a data folder of its own. */
export interface ServedProgram {
  readonly url: string
  readonly dataFolder: string
  readonly process: ChildProcess
  /** Ends it as Ctrl+C would, and waits. */
  stop(): Promise<void>
}

/** Runs one command of the built command line to its end. Gives its `--json` output. */
export async function command(dataFolder: string, ...words: string[]): Promise<unknown> {
  const child = spawn(process.execPath, [program, ...words, '--json', '--data-dir', dataFolder], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  const [stdout, stderr] = await Promise.all([collect(child.stdout), collect(child.stderr)])
  await ended
  if (child.exitCode !== 0) throw new Error(`dplstudio ${words.join(' ')} failed: ${stdout}\n${stderr}`)
  return JSON.parse(stdout)
}

/** A data folder that disappears with the test file. */
export function temporaryDataFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'dplstudio-e2e-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Starts the server on a free port. */
export async function serve(dataFolder: string, ...words: string[]): Promise<ServedProgram> {
  const args = [program, 'serve', '--json', '--port', '0', '--root', root, '--root', tmpdir(), ...words]
  const child = spawn(process.execPath, [...args, '--data-dir', dataFolder], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const complaints = collect(child.stderr)
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => resolve((JSON.parse(line) as { url: string }).url))
    child.once(
      'exit',
      (code) =>
        void complaints.then((text) => reject(new Error(`serve ended with ${String(code)}: ${text}`))),
    )
  })
  return {
    url,
    dataFolder,
    process: child,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGINT')
      await ended
    },
  }
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, DPLSTUDIO_RUNTIME: pack, DPLSTUDIO_ENGINE_CHILD: undefined }
}

async function collect(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

/** A page with everything it complained about. */
export interface Tab {
  readonly page: Page
  readonly context: BrowserContext
  /** errors on the console, thrown errors, and violations of the content policy; empty when all is well */
  readonly complaints: string[]
  /** addresses it asked for that are not the server's; empty always */
  readonly foreign: string[]
  /** what it has asked the program, over its socket and otherwise, newest last */
  readonly asked: string[]
  close(): Promise<void>
}

export interface TabOptions {
  colorScheme?: 'light' | 'dark'
  viewport?: { width: number; height: number }
}

/** The one browser of a test file. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    // Chromium refuses its own sandbox to root, which is what CI runs as. What it loads is our page alone.
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-background-networking'],
  })
}

/** Opens the page as the printed link does, in a session of its own. */
export async function openTab(browser: Browser, url: string, options: TabOptions = {}): Promise<Tab> {
  const context = await browser.newContext({
    viewport: options.viewport ?? { width: 1280, height: 800 },
    colorScheme: options.colorScheme ?? 'light',
    locale: 'en-GB',
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message))
  const foreign: string[] = []
  const asked: string[] = []
  const { host } = new URL(url)
  const look = (address: string) => {
    const to = new URL(address)
    if (['http:', 'https:', 'ws:', 'wss:'].includes(to.protocol) && to.host !== host) foreign.push(address)
  }
  page.on('request', (request) => {
    look(request.url())
    asked.push(request.url())
  })
  page.on('websocket', (socket) => {
    look(socket.url())
    socket.on('framesent', ({ payload }) => asked.push(String(payload)))
  })
  await page.goto(url)
  // The first view is there once the router has come to rest; before, it would undo a visit.
  await page.getByRole('heading', { level: 1 }).waitFor()
  return { page, context, complaints, foreign, asked, close: () => context.close() }
}

/** Goes to an address of the page without loading it anew, as a link would; the view is there afterwards. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.evaluate(async (to) => {
    const root = document.querySelector('#app') as unknown as {
      __vue_app__: { config: { globalProperties: { $router: { push: (to: string) => Promise<unknown> } } } }
    }
    await root.__vue_app__.config.globalProperties.$router.push(to)
  }, path)
  await page.getByRole('heading', { level: 1 }).waitFor()
}
