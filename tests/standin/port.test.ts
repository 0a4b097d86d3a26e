import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IpcMain, WebContents } from 'electron'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { connectTable } from '#shared/rpc'
import { listenToPages } from '#main/electron/window-port'
import { echoTable, serveEcho } from '../support/echo.ts'
import { describePort } from '../support/port-suite.ts'
import { built, launchChromium, until } from './desktop.ts'
import { createElectron, type StandInWindow } from './electron.ts'
import { pagePort } from './page-port.ts'

let browser: Browser
const windows: StandInWindow[] = []
beforeAll(async () => {
  browser = await launchChromium()
})
afterEach(() => windows.splice(0).forEach((window) => window.destroy()))
afterAll(() => browser.close())

/** A window with an empty page, whose ports are counted and echo. */
async function openEcho() {
  const { electron, state } = createElectron({ browser })
  electron.app.enableSandbox()
  electron.app.on('window-all-closed', () => undefined)
  electron.protocol.registerSchemesAsPrivileged([{ scheme: 'dpl' }])
  state.becomeReady()
  electron.protocol.handle('dpl', () =>
    Promise.resolve(
      new Response('<!doctype html><title>x</title>', { headers: { 'Content-Type': 'text/html' } }),
    ),
  )
  const window = new electron.BrowserWindow({
    x: 0,
    y: 0,
    width: 800,
    height: 600,
    title: '',
    backgroundColor: '#fff',
    webPreferences: {
      preload: join(built, 'preload', 'index.js'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
    },
  })
  windows.push(window)
  const opened = { window, ports: 0, closed: 0, ipc: electron.ipcMain }
  listenToPages(electron.ipcMain as IpcMain, window.webContents as unknown as WebContents, (port) => {
    opened.ports++
    port.onClose(() => opened.closed++)
    serveEcho(port)
  })
  await window.loadURL('dpl://app/index.html')
  return { ...opened, opened, page: await window.webContents.page() }
}

describePort('a window', async () => pagePort((await openEcho()).page))
