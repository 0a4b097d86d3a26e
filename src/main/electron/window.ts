import { BrowserWindow, app, dialog, ipcMain, nativeTheme, screen } from 'electron'
import type { Port } from '#shared/rpc'
import { resource } from '#main/resources'
import { messages } from './messages.ts'
import { START_PAGE } from './origin.ts'
import { confine } from './security.ts'
import { listenToPages } from './window-port.ts'
import { SMALLEST, placeWindow, readWindowState, writeWindowState } from './window-state.ts'

export interface WindowParts {
  /** where its place on the screen is remembered */
  stateFile: string
  readOnly: boolean
  /** the program between window and page */
  preload: string
  /** a page has begun to talk */
  onPort: (port: Port) => void
  /** the user wants it closed; it stays until somebody calls `destroy` */
  onCloseWanted: () => void
}

/** The page's own colours, so that nothing flashes before it is there: Nuxt UI's default background. */
const BACKGROUND = { light: '#ffffff', dark: '#18181b' }

/** Opens the window; it is shown once there is something to see. */
export function openWindow({
  stateFile,
  readOnly,
  preload,
  onPort,
  onCloseWanted,
}: WindowParts): BrowserWindow {
  const saved = readWindowState(stateFile)
  const main = screen.getPrimaryDisplay()
  const others = screen.getAllDisplays().filter(({ id }) => id !== main.id)
  const areas = [main, ...others].map(({ workArea }) => workArea)
  const window = new BrowserWindow({
    ...placeWindow(saved?.bounds ?? null, areas),
    minWidth: SMALLEST.width,
    minHeight: SMALLEST.height,
    show: false,
    title: titleOf(messages.name, readOnly),
    icon: resource('icon.png'),
    backgroundColor: BACKGROUND[nativeTheme.shouldUseDarkColors ? 'dark' : 'light'],
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  })
  if (saved?.maximized === true) window.maximize()
  const { webContents } = window
  confine(webContents)
  listenToPages(ipcMain, webContents, onPort)

  window.once('ready-to-show', () => window.show())
  window.on('page-title-updated', (event, title) => {
    event.preventDefault()
    window.setTitle(titleOf(title, readOnly))
  })
  window.on('close', (event) => {
    event.preventDefault()
    onCloseWanted()
  })
  rememberPlace(window, stateFile)
  webContents.on('render-process-gone', (_, { reason }) => {
    if (reason !== 'clean-exit' && reason !== 'killed') void offerToReopen(window)
  })
  void window.loadURL(START_PAGE)
  return window
}

function titleOf(title: string, readOnly: boolean): string {
  return readOnly ? `${title} (${messages.start.readOnlyTitle})` : title
}

/** Written a moment after the last change, so that a window that ends with the session is remembered too. */
function rememberPlace(window: BrowserWindow, stateFile: string): void {
  let timer: NodeJS.Timeout | undefined
  const write = () => {
    clearTimeout(timer)
    if (window.isDestroyed() || window.isMinimized()) return
    writeWindowState(stateFile, { bounds: window.getNormalBounds(), maximized: window.isMaximized() })
  }
  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(write, 500)
  }
  window.on('resize', soon)
  window.on('move', soon)
  window.on('maximize', soon)
  window.on('unmaximize', soon)
  window.on('close', write)
  window.on('closed', () => clearTimeout(timer))
}

async function offerToReopen(window: BrowserWindow): Promise<void> {
  const { title, detail, reopen } = messages.crashed
  await dialog.showMessageBox(window, { type: 'error', message: title, detail, buttons: [reopen] })
  if (!window.isDestroyed()) window.reload()
}
