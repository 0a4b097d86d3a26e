import { join } from 'node:path'
import { Menu, app, dialog, nativeTheme, powerMonitor, protocol, session, type BrowserWindow } from 'electron'
import type { CommandId } from '#shared/commands'
import type { Api } from '#shared/contract'
import { createPages } from '#main/assets/pages'
import type { Application, Composition } from '#main/compose'
import { followActivity, type Activity } from './activity.ts'
import { attract } from './attention.ts'
import { createClosing, type ClosingAnswer, type ClosingDecision } from './closing.ts'
import { followSettings, type LiveSettings } from './live-settings.ts'
import { menuTemplate } from './menu.ts'
import { messages } from './messages.ts'
import { SCHEME } from './origin.ts'
import { refusePermissions } from './security.ts'
import { openApplication, tellFailure } from './start.ts'
import { openedPath } from './surroundings.ts'
import { showTray } from './tray.ts'
import { openWindow } from './window.ts'

export interface DesktopParts {
  dataFolder: string
  rendererFolder: string
  /** the program between window and page */
  preload: string
  /** puts the application together; throws an `AppError` when the data folder does not let it */
  open: (access: Composition['access']) => Application
  /** a folder or file to open, as the program was started with it */
  path: string | undefined
}

/** A program without a window ends this long after its last run, so that its notice is still delivered. */
const LINGER_MS = 5_000

/** The desktop application, from `ready` to its end. */
export interface Desktop {
  /** brings the window up and, with a path, has it opened there */
  show(path?: string): void
}

/** Starts it; null when the data folder cannot be opened, which the user has then been told. */
export async function startDesktop(parts: DesktopParts): Promise<Desktop | null> {
  try {
    const started = await openApplication(parts.open)
    if (started === null) return null
    const { application, readOnly } = started
    const api = application.connect()
    const settings = await followSettings(api)
    servePages(application, parts)
    refusePermissions(session.defaultSession)
    return run({ ...parts, application, readOnly, api, settings, activity: followActivity(api) })
  } catch (thrown) {
    tellFailure(thrown)
    return null
  }
}

interface Running extends DesktopParts {
  application: Application
  readOnly: boolean
  api: Api
  settings: LiveSettings
  activity: Activity
}

function run(running: Running): Desktop {
  const { application, readOnly, api, settings, activity, dataFolder, preload, path } = running
  let window: BrowserWindow | null = null
  let hideTray: (() => void) | null = null
  let ending = false
  let startAgain = false
  let toOpen = path

  const decide = createClosing({
    // What another process is at work on is none of a reader's business.
    busyRuns: () => (readOnly ? 0 : activity.runs().length),
    onClose: () => settings.get().onClose,
    ask: (runs) => askWhatNow(window, runs),
    remember: (onClose) => api.request('settings/change', { onClose }),
  })

  /** A path waits until there is a page that can be told. */
  function tellPath(): void {
    if (toOpen === undefined) return
    application.emit('shell/open', { path: openedPath(toOpen) })
    toOpen = undefined
  }

  function show(wanted?: string): void {
    toOpen = wanted ?? toOpen
    if (ending) {
      startAgain = true
      return
    }
    hideTray?.()
    hideTray = null
    if (window === null) {
      window = openWindow({
        stateFile: join(dataFolder, 'window.json'),
        readOnly,
        preload,
        onPort: (port) => {
          application.serve(port)
          // Behind its first request, by when the page listens.
          setImmediate(tellPath)
        },
        onCloseWanted: () => void decide('close').then(close),
      })
      window.on('closed', () => (window = null))
      return
    }
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
    tellPath()
  }

  function close(decision: ClosingDecision): void {
    if (decision === 'stay') return
    if (decision === 'stop') void end()
    else if (decision === 'background') work()
    else if (process.platform === 'darwin') window?.destroy()
    else void end()
  }

  function quit(decision: ClosingDecision): void {
    if (decision === 'background') work()
    else if (decision !== 'stay') void end()
  }

  /** Goes on without a window until the work is done. */
  function work(): void {
    hideTray ??= showTray({ activity, show: () => show(), stop: () => void end() })
    window?.destroy()
  }

  function endWhenDone(): void {
    if (hideTray === null || activity.runs().length > 0) return
    setTimeout(() => {
      if (hideTray !== null && activity.runs().length === 0) void end()
    }, LINGER_MS)
  }

  /** Pauses what runs, with a checkpoint, and ends the program. */
  async function end(): Promise<void> {
    if (ending) return
    ending = true
    hideTray?.()
    window?.destroy()
    await application.dispose().catch(tellFailure)
    if (startAgain) app.relaunch()
    app.exit(0)
  }

  const send = (command: CommandId) => {
    show()
    application.emit('shell/command', { command })
  }
  const dress = () => {
    const { theme, shortcuts } = settings.get()
    nativeTheme.themeSource = theme
    Menu.setApplicationMenu(
      Menu.buildFromTemplate(
        menuTemplate({ platform: process.platform, unpackaged: !app.isPackaged, shortcuts, send }),
      ),
    )
  }
  settings.onChange(dress)
  dress()
  if (!readOnly) attract({ activity, settings, window: () => window, show })
  activity.onChange(endWhenDone)

  app.on('before-quit', (event) => {
    event.preventDefault()
    void decide('quit').then(quit)
  })
  // The window is destroyed only by what was decided above.
  app.on('window-all-closed', () => undefined)
  app.on('activate', () => show())
  powerMonitor.on('shutdown', () => void end())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end())
  show()
  return { show }
}

/** Page and pictures come from the same place as in the browser, through the same module. */
function servePages({ images }: Application, { dataFolder, rendererFolder }: DesktopParts): void {
  const pages = createPages({ rendererFolder, thumbnailFolder: join(dataFolder, 'thumbnails'), images })
  protocol.handle(SCHEME, pages)
}

async function askWhatNow(
  window: BrowserWindow | null,
  runs: number,
): Promise<{ answer: ClosingAnswer; remember: boolean }> {
  const { question, detail, background, stop, stay, remember } = messages.closing
  const options = {
    type: 'question' as const,
    message: question(runs),
    detail,
    buttons: [background, stop, stay],
    defaultId: 0,
    cancelId: 2,
    checkboxLabel: remember,
  }
  const { response, checkboxChecked } = await (window === null
    ? dialog.showMessageBox(options)
    : dialog.showMessageBox(window, options))
  const answers: readonly ClosingAnswer[] = ['background', 'stop', 'stay']
  return { answer: answers[response] ?? 'stay', remember: checkboxChecked }
}
