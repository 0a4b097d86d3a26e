import { fork, type ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Frame, Page } from 'playwright-core'
import { preloadScript } from './preload-host.ts'

/**
 * A stand-in for the module `electron`: as much of it as our main process uses, with real Chromium behind its windows
 * and child processes for its utility processes. It refuses what Electron refuses where we know of it. What it
 * cannot show: Chromium's sandbox, fuses, the archive, native menus, real utility processes.
 */
export function createElectron({ browser, engine }: StandInOptions) {
  const state = createState(browser, engine)
  const electron = {
    app: state.app,
    BrowserWindow: windowClass(state),
    dialog: dialogs(state),
    ipcMain: new EventEmitter(),
    Menu: menus(state),
    nativeTheme: { themeSource: 'system', shouldUseDarkColors: false },
    nativeImage: images(),
    Notification: notificationClass(state),
    powerMonitor: new EventEmitter(),
    powerSaveBlocker: blockers(state),
    protocol: protocols(state),
    screen: screens(state),
    session: { defaultSession: sessions(state) },
    shell: shells(state),
    Tray: trayClass(state),
    utilityProcess: utilities(state),
  }
  state.ipcMain = electron.ipcMain
  return { electron, state }
}

export interface StandInOptions {
  browser: Browser
  /** what runs instead of the program that a utility process is asked to run */
  engine?: string | undefined
}

type Handler = (request: Request) => Promise<Response>

/** What Chromium can load instead of `dpl://app`. */
const PUBLIC = 'https://app.dpl.invalid'
const toPublic = (address: string) => address.replace('dpl://app', PUBLIC)
const fromPublic = (address: string) => address.replace(PUBLIC, 'dpl://app')

interface StandInApp extends EventEmitter {
  isPackaged: boolean
  paths: Record<string, string>
  switches: string[]
  sandboxed: boolean
  accelerated: boolean
  relaunched: boolean
  /** given away by the test when another instance is supposed to be there */
  lockIsFree: boolean
  lockData: unknown
  enableSandbox(): void
  disableHardwareAcceleration(): void
  commandLine: { appendSwitch(name: string, value?: string): void }
  setPath(name: string, path: string): void
  requestSingleInstanceLock(data: unknown): boolean
  whenReady(): Promise<void>
  isReady(): boolean
  quit(): void
  exit(code?: number): void
  relaunch(): void
}

/** What the test looks at, and what it says in the user's place. */
export interface StandInState {
  app: StandInApp
  browser: Browser
  engine: string | undefined
  ipcMain: EventEmitter
  isReady: boolean
  ready: Promise<void>
  /** the exit code, once the program has ended */
  ended: Promise<number>
  endWith(code: number): void
  becomeReady(): void
  windows: StandInWindow[]
  handlers: Map<string, Handler>
  privileged: string[]
  /** every dialog, in order; unanswered ones wait for `answer` */
  asked: Question[]
  menu: MenuItem[] | null
  notices: { title: string; body: string }[]
  awake: Set<number>
  trays: { toolTip: string; menu: MenuItem[]; destroyed: boolean }[]
  opened: string[]
  shown: string[]
  engines: ChildProcess[]
  permissions: { request: PermissionRequest | null; check: PermissionCheck | null }
  workArea: { x: number; y: number; width: number; height: number }
}

function createState(browser: Browser, engine: string | undefined): StandInState {
  const app: StandInApp = Object.assign(new EventEmitter(), {
    isPackaged: false,
    paths: {},
    switches: [],
    sandboxed: false,
    accelerated: true,
    relaunched: false,
    lockIsFree: true,
    lockData: undefined,
    enableSandbox: () => {
      refuseAfterReady('app.enableSandbox()')
      app.sandboxed = true
    },
    disableHardwareAcceleration: () => {
      refuseAfterReady('app.disableHardwareAcceleration()')
      app.accelerated = false
    },
    commandLine: { appendSwitch: (name: string, value = '') => app.switches.push(`${name}=${value}`) },
    setPath: (name: string, path: string) => {
      if (!existsSync(path)) throw new Error(`There is no ${path}`)
      app.paths[name] = path
    },
    requestSingleInstanceLock: (data: unknown) => {
      app.lockData = data
      return app.lockIsFree
    },
    whenReady: () => state.ready,
    isReady: () => state.isReady,
    quit: () => {
      const event = cancellable()
      app.emit('before-quit', event)
      if (!event.defaultPrevented) app.exit(0)
    },
    exit: (code = 0) => {
      for (const window of [...state.windows]) window.destroy()
      state.endWith(code)
    },
    relaunch: () => (app.relaunched = true),
  })
  let becomeReady: () => void = () => undefined
  let endWith: (code: number) => void = () => undefined
  const state: StandInState = {
    app,
    browser,
    engine,
    ipcMain: new EventEmitter(),
    isReady: false,
    ready: new Promise<void>((resolve) => (becomeReady = resolve)),
    ended: new Promise<number>((resolve) => (endWith = resolve)),
    endWith: (code: number) => endWith(code),
    becomeReady: () => {
      state.isReady = true
      becomeReady()
      app.emit('ready')
    },
    windows: [],
    handlers: new Map(),
    privileged: [],
    asked: [],
    menu: null,
    notices: [],
    awake: new Set(),
    trays: [],
    opened: [],
    shown: [],
    engines: [],
    permissions: { request: null, check: null },
    workArea: { x: 0, y: 0, width: 1920, height: 1040 },
  }
  const refuseAfterReady = (what: string) => {
    if (state.isReady) throw new Error(`${what} can only be called before app is ready`)
  }
  return state
}

export interface Question {
  kind: 'message' | 'open' | 'save' | 'error'
  options: { message?: string; detail?: string; buttons?: string[]; title?: string; content?: string }
  answer: (value: unknown) => void
  answered: boolean
}

export interface MenuItem {
  id?: string
  role?: string
  label?: string
  type?: string
  accelerator?: string
  registerAccelerator?: boolean
  click?: () => void
  submenu?: MenuItem[]
}

type PermissionRequest = (
  contents: unknown,
  permission: string,
  answer: (granted: boolean) => void,
  details: { requestingUrl: string },
) => void
type PermissionCheck = (
  contents: unknown,
  permission: string,
  origin: string,
  details: { requestingUrl?: string },
) => boolean

interface WebPreferences {
  preload?: string
  sandbox?: boolean
  contextIsolation?: boolean
  nodeIntegration?: boolean
  webSecurity?: boolean
}

interface WindowOptions {
  x: number
  y: number
  width: number
  height: number
  title: string
  backgroundColor: string
  webPreferences: WebPreferences
}

export interface StandInWindow extends EventEmitter {
  readonly webContents: ReturnType<typeof createContents>
  readonly options: WindowOptions
  bounds: { x: number; y: number; width: number; height: number }
  title: string
  visible: boolean
  focused: boolean
  minimized: boolean
  maximized: boolean
  destroyed: boolean
  progress: number
  loadURL(address: string): Promise<void>
  reload(): Promise<void>
  maximize(): void
  blur(): void
  close(): void
  destroy(): void
}

function windowClass(state: StandInState) {
  return class StandIn extends EventEmitter implements StandInWindow {
    static getAllWindows = () => state.windows
    static getFocusedWindow = () => state.windows.find((window) => window.focused) ?? null

    readonly webContents: ReturnType<typeof createContents>
    readonly options: WindowOptions
    bounds: { x: number; y: number; width: number; height: number }
    title: string
    visible = false
    focused = false
    minimized = false
    maximized = false
    destroyed = false
    progress = -1

    constructor(options: WindowOptions) {
      super()
      requireReady(state, 'new BrowserWindow()')
      requireSafe(state, options.webPreferences)
      this.options = options
      const { x, y, width, height } = options
      this.bounds = { x, y, width, height }
      this.title = options.title
      this.webContents = createContents(state, options.webPreferences, {
        title: (title) => {
          const event = cancellable()
          this.emit('page-title-updated', event, title)
          if (!event.defaultPrevented) this.title = title
        },
        ready: () => this.emit('ready-to-show'),
      })
      state.windows.push(this)
    }

    loadURL = (address: string) => this.webContents.load(address)
    reload = () => this.webContents.reload()
    show = () => {
      this.visible = true
      this.focus()
    }
    focus = () => (this.focused = true)
    blur = () => (this.focused = false)
    restore = () => (this.minimized = false)
    maximize = () => (this.maximized = true)
    isMinimized = () => this.minimized
    isMaximized = () => this.maximized
    isFocused = () => this.focused
    isDestroyed = () => this.destroyed
    getNormalBounds = () => this.bounds
    setTitle = (title: string) => (this.title = title)
    setProgressBar = (progress: number) => (this.progress = progress)

    /** As if the user pressed the cross. */
    close = () => {
      const event = cancellable()
      this.emit('close', event)
      if (!event.defaultPrevented) this.destroy()
    }

    destroy = () => {
      if (this.destroyed) return
      this.destroyed = true
      state.windows.splice(state.windows.indexOf(this), 1)
      this.webContents.end()
      this.emit('closed')
      if (state.windows.length > 0) return
      if (state.app.listenerCount('window-all-closed') === 0) state.app.quit()
      else state.app.emit('window-all-closed')
    }
  }
}

function requireSafe(state: StandInState, preferences: WebPreferences): void {
  const { sandbox, contextIsolation, nodeIntegration, webSecurity } = preferences
  const safe = sandbox === true && contextIsolation === true && nodeIntegration === false
  if (!safe || webSecurity === false || !state.app.sandboxed)
    throw new Error(`Insecure webPreferences: ${JSON.stringify(preferences)}`)
}

interface ContentsParts {
  title: (title: string) => void
  ready: () => void
}

function createContents(state: StandInState, preferences: WebPreferences, parts: ContentsParts) {
  const frames = new WeakMap<Frame, { readonly url: string }>()
  let destroyed = false
  let openHandler: ((details: { url: string }) => { action: string }) | null = null
  const frameOf = (frame: Frame) => {
    const known = frames.get(frame) ?? {
      get url() {
        return fromPublic(frame.url())
      },
    }
    frames.set(frame, known)
    return known
  }
  const opening = openPage()
  // A window may be closed before its page is there.
  opening.catch(() => undefined)

  async function openPage(): Promise<Page> {
    const context = await state.browser.newContext({ viewport: { width: 1280, height: 800 } })
    const opened = await context.newPage()
    contents.mainFrame = frameOf(opened.mainFrame())
    await opened.exposeBinding('__standInSend', ({ frame }, channel: string, args: unknown[]) => {
      state.ipcMain.emit(channel, { sender: contents, senderFrame: frameOf(frame) }, ...args)
    })
    const preload = readFileSync(preferences.preload ?? '', 'utf8')
    await opened.addInitScript({ content: preloadScript(preload) })
    await context.route('**', async (route) => {
      const answer = await answerRoute(route.request())
      // The page may be gone by now.
      await route.fulfill(answer).catch(() => undefined)
    })
    await opened.exposeBinding('__standInOpen', (_, url: string) => {
      const { action } = openHandler?.({ url }) ?? { action: 'allow' }
      if (action === 'allow') contents.allowed.push(url)
    })
    opened.on('domcontentloaded', () => {
      parts.ready()
      void opened.title().then(parts.title, () => undefined)
    })
    return opened
  }

  /** A page leaves only if nobody minds; then it gets what the handler of its scheme answers. */
  async function answerRoute(request: {
    url(): string
    method(): string
    isNavigationRequest(): boolean
    frame(): Frame
  }) {
    const url = fromPublic(request.url())
    const isLoad = request.isNavigationRequest() && contents.expected === url
    if (request.isNavigationRequest() && !isLoad) {
      const refused = cancellable()
      const isMainFrame = request.frame().parentFrame() === null
      contents.emit('will-frame-navigate', Object.assign(refused, { url, isMainFrame }))
      contents.attempts.push(url)
      // 204: the page stays as it is. An aborted navigation would show the browser's own page.
      if (refused.defaultPrevented) return { status: 204 }
    }
    const handler = state.handlers.get(new URL(url).protocol.replace(':', ''))
    if (handler === undefined) return { status: 404 }
    const response = await handler(new Request(url, { method: request.method() }))
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    }
  }

  const contents = Object.assign(new EventEmitter(), {
    /** the address that the program itself is loading */
    expected: '',
    /** where the page tried to go */
    attempts: [] as string[],
    /** what it opened further windows with */
    allowed: [] as string[],
    page: () => opening,
    mainFrame: null as { readonly url: string } | null,
    isDestroyed: () => destroyed,
    setWindowOpenHandler: (handler: typeof openHandler) => (openHandler = handler),
    send(channel: string, ...args: unknown[]) {
      // Throws for what cannot be cloned, as Electron does.
      const cloned = structuredClone(args)
      if (destroyed) throw new Error('Object has been destroyed')
      void opening
        .then((shown) =>
          shown.evaluate(
            ([to, values]) =>
              (
                globalThis as unknown as { __standInReceive?: (c: string, a: unknown[]) => void }
              ).__standInReceive?.(to, values),
            [channel, cloned] as const,
          ),
        )
        .catch(() => undefined)
    },
    async load(address: string) {
      contents.expected = address
      await opening.then((shown) => shown.goto(toPublic(address))).catch(() => undefined)
    },
    async reload() {
      const shown = await opening
      contents.expected = fromPublic(shown.url())
      await shown.reload()
    },
    end() {
      destroyed = true
      contents.emit('destroyed')
      void opening.then((shown) => shown.context().close()).catch(() => undefined)
    },
  })
  return contents
}

function dialogs(state: StandInState) {
  const ask =
    (kind: Question['kind']) =>
    (...args: unknown[]) =>
      new Promise((resolve) => {
        const question: Question = {
          kind,
          options: args.at(-1) as Question['options'],
          answered: false,
          answer: (value) => {
            question.answered = true
            resolve(value)
          },
        }
        state.asked.push(question)
      })
  return {
    showMessageBox: ask('message'),
    showOpenDialog: ask('open'),
    showSaveDialog: ask('save'),
    showErrorBox: (title: string, content: string) => void ask('error')({ title, content }),
  }
}

const ROLES = new Set(
  'windowMenu help services hide hideOthers unhide quit close cut copy paste selectAll undo redo resetZoom zoomIn zoomOut togglefullscreen forceReload toggleDevTools about'.split(
    ' ',
  ),
)

function menus(state: StandInState) {
  const check = (items: MenuItem[]): MenuItem[] => {
    for (const { role, label, type, submenu } of items) {
      if (role !== undefined && !ROLES.has(role)) throw new Error(`Unknown role ${role}`)
      if (role === undefined && label === undefined && type !== 'separator')
        throw new Error('A menu item needs a label, a role or a type')
      check(submenu ?? [])
    }
    return items
  }
  return {
    buildFromTemplate: (items: MenuItem[]) => check(items),
    setApplicationMenu: (menu: MenuItem[]) => (state.menu = menu),
  }
}

function notificationClass(state: StandInState) {
  return class StandInNotification extends EventEmitter {
    static isSupported = () => true
    title: string
    body: string
    constructor({ title, body }: { title: string; body: string }) {
      super()
      this.title = title
      this.body = body
    }
    show = () => void state.notices.push(this)
  }
}

function blockers(state: StandInState) {
  let last = 0
  return {
    start: () => {
      state.awake.add(++last)
      return last
    },
    stop: (id: number) => state.awake.delete(id),
  }
}

function protocols(state: StandInState) {
  return {
    registerSchemesAsPrivileged: (schemes: { scheme: string }[]) => {
      if (state.isReady)
        throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready')
      state.privileged = schemes.map(({ scheme }) => scheme)
    },
    handle: (scheme: string, handler: Handler) => {
      requireReady(state, 'protocol.handle()')
      if (state.handlers.has(scheme)) throw new Error(`The scheme ${scheme} is already handled`)
      if (!state.privileged.includes(scheme)) throw new Error(`The scheme ${scheme} is not standard`)
      state.handlers.set(scheme, handler)
    },
  }
}

function screens(state: StandInState) {
  const display = () => {
    requireReady(state, 'screen')
    return { id: 1, workArea: state.workArea }
  }
  return { getPrimaryDisplay: display, getAllDisplays: () => [display()] }
}

function sessions(state: StandInState) {
  return {
    setPermissionRequestHandler: (handler: PermissionRequest) => (state.permissions.request = handler),
    setPermissionCheckHandler: (handler: PermissionCheck) => (state.permissions.check = handler),
    setDevicePermissionHandler: () => undefined,
  }
}

function shells(state: StandInState) {
  return {
    openExternal: (address: string) => Promise.resolve(void state.opened.push(address)),
    showItemInFolder: (path: string) => void state.shown.push(path),
  }
}

function images() {
  const image = (path: string) => ({ isEmpty: () => !existsSync(path), resize: () => image(path) })
  return { createFromPath: image }
}

function trayClass(state: StandInState) {
  return class StandInTray extends EventEmitter {
    toolTip = ''
    menu: MenuItem[] = []
    destroyed = false
    constructor(image: { isEmpty(): boolean }) {
      super()
      requireReady(state, 'new Tray()')
      if (image.isEmpty()) throw new Error('Failed to load the image of the tray')
      state.trays.push(this)
    }
    setToolTip = (text: string) => (this.toolTip = text)
    setContextMenu = (menu: MenuItem[]) => (this.menu = menu)
    isDestroyed = () => this.destroyed
    destroy = () => void (this.destroyed = true)
  }
}

const UTILITY_SHIM = join(import.meta.dirname, 'utility-shim.mjs')

function utilities(state: StandInState) {
  return {
    fork(program: string, args: string[], options: { env: NodeJS.ProcessEnv; serviceName: string }) {
      requireReady(state, 'utilityProcess.fork()')
      const child = fork(state.engine ?? program, args, {
        env: options.env,
        execArgv: ['--import', UTILITY_SHIM],
        serialization: 'advanced',
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      })
      state.engines.push(child)
      const utility = Object.assign(new EventEmitter(), {
        stdout: child.stdout,
        stderr: child.stderr,
        // Known only once the process is there.
        pid: undefined as number | undefined,
        postMessage: (message: unknown) => void child.send(structuredClone(message) as object),
        kill: () => child.kill(),
      })
      child.once('spawn', () => {
        utility.pid = child.pid
        utility.emit('spawn')
      })
      child.on('message', (message) => utility.emit('message', message))
      child.once('exit', (code, signal) => {
        utility.pid = undefined
        utility.emit('exit', code ?? (signal === null ? 0 : 9))
      })
      return utility
    },
  }
}

function requireReady(state: StandInState, what: string): void {
  if (!state.isReady) throw new Error(`${what} cannot be used before app is ready`)
}

function cancellable() {
  const event = {
    defaultPrevented: false,
    preventDefault: () => void (event.defaultPrevented = true),
  }
  return event
}
