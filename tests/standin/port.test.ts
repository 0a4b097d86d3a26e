import { join } from 'node:path'
import type { IpcMain, WebContents } from 'electron'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { connectTable } from '#shared/rpc'
import { listenToPages } from '#main/electron/window-port'
import { echoTable, serveEcho } from '../support/echo.ts'
import { describePort } from '../support/port-suite.ts'
import { built, launchChromium } from './desktop.ts'
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
  const opened = { ports: 0, closed: 0 }
  listenToPages(electron.ipcMain as IpcMain, window.webContents as unknown as WebContents, (port) => {
    opened.ports++
    port.onClose(() => opened.closed++)
    serveEcho(port)
  })
  await window.loadURL('dpl://app/index.html')
  return { opened, window, ipc: electron.ipcMain, page: await window.webContents.page() }
}

describePort('a window', async () => pagePort((await openEcho()).page))

test('a reload ends the port of the page before it', async () => {
  const { opened, window, page } = await openEcho()
  const first = connectTable(echoTable, await pagePort(page))
  await first.request('echo', { value: 1 })
  await window.reload()
  expect(opened.ports).toBe(1)
  const second = connectTable(echoTable, await pagePort(page))
  expect(await second.request('echo', { value: 2 })).toBe(2)
  expect(opened).toMatchObject({ ports: 2, closed: 1 })
})

test('the port ends with the window', async () => {
  const { opened, window, page } = await openEcho()
  await connectTable(echoTable, await pagePort(page)).request('echo', { value: 1 })
  window.destroy()
  expect(opened.closed).toBe(1)
})

test('other channels, other frames and other pages are not listened to', async () => {
  const { opened, window, page, ipc } = await openEcho()
  const send = (channel: string, inFrame: boolean) =>
    page.evaluate(`(async () => {
      const frame = document.createElement('iframe')
      if (${inFrame}) document.body.append(frame)
      const message = { type: 'request', id: 1, name: 'echo', input: {} }
      await (${inFrame} ? frame.contentWindow : window).__standInSend('${channel}', ['a page', message])
    })()`)
  await send('settings', false)
  await send('port', true)
  const { mainFrame } = window.webContents
  const elsewhere = { url: 'https://example.org/' }
  ipc.emit('port', { sender: window.webContents, senderFrame: null }, 'a page', {})
  ipc.emit('port', { sender: window.webContents, senderFrame: elsewhere }, 'a page', {})
  ipc.emit('port', { sender: {}, senderFrame: mainFrame }, 'a page', {})
  ipc.emit('port', { sender: window.webContents, senderFrame: mainFrame }, 4711, {})
  window.webContents.mainFrame = elsewhere
  ipc.emit('port', { sender: window.webContents, senderFrame: elsewhere }, 'a page', {})
  window.webContents.mainFrame = mainFrame
  expect(opened.ports).toBe(0)
  await send('port', false)
  expect(opened.ports).toBe(1)
})
