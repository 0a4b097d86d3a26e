import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Capabilities } from '#shared/schemas/app'
import { launchChromium, startDesktop, temporaryData, until, type DesktopOptions } from './desktop.ts'

let browser: Browser
const data = temporaryData()
const running: { stop: () => Promise<void> }[] = []
beforeAll(async () => {
  browser = await launchChromium()
})
afterEach(async () => {
  for (const desktop of running.splice(0)) await desktop.stop()
})
afterAll(async () => {
  await browser.close()
  data.remove()
})

async function start(options: Partial<DesktopOptions> = {}) {
  const desktop = await startDesktop(browser, { dataFolder: data.path, ...options })
  running.push(desktop)
  return desktop
}

test('the window opens on our page, which talks to the program and complains about nothing', async () => {
  const desktop = await start()
  const page = await desktop.page()
  const { visible, options } = await desktop.window()
  expect(visible).toBe(true)
  expect(options.backgroundColor).toBe('#ffffff')
  await page.getByText('Engine off').waitFor()
  const info = await (await desktop.api()).request('app/info', {})
  expect(info.dataFolder).toBe(data.path)
  expect(info.capabilities).toEqual({ chooser: 'native', reveal: true, upload: false } satisfies Capabilities)
  expect(desktop.complaints).toEqual([])
})

test('the page has no Node, no Electron, and a policy that lets nothing in', async () => {
  const desktop = await start()
  const page = await desktop.page()
  const found = await page.evaluate(() =>
    ['require', 'process', 'module', 'Buffer', 'electron'].filter((name) => name in window),
  )
  expect(found).toEqual([])
  expect(
    await page.evaluate(() => Object.keys((window as unknown as { dplstudio: object }).dplstudio)),
  ).toEqual(['post', 'listen', 'pathOf'])
  const policy = await page.evaluate(async () => (await fetch('/')).headers.get('content-security-policy'))
  expect(policy).toContain("default-src 'none'; script-src 'self'")
  const directive = await page.evaluate(
    () =>
      new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective))
        document.body.append(Object.assign(document.createElement('script'), { text: 'stolen = true' }))
      }),
  )
  expect(directive).toBe('script-src-elem')
  expect(desktop.state.app.sandboxed).toBe(true)
})

test('nothing leads away from the page, and a link opens in the browser once the user agrees', async () => {
  const desktop = await start()
  const page = await desktop.page()
  const { attempts } = (await desktop.window()).webContents
  await page.evaluate(() => {
    location.href = 'https://example.org/away'
  })
  await until(() => (attempts.includes('https://example.org/away') ? true : undefined), 'the attempt')
  expect(page.url()).toMatch(/^https:\/\/app\.dpl\.invalid\//)

  await page.evaluate(() => window.open('file:///etc/passwd'))
  await page.evaluate(() => window.open('https://example.org/paper'))
  const question = await desktop.question()
  expect(question.options.detail).toBe('https://example.org/paper')
  question.answer({ response: 1 })
  await page.evaluate(() => window.open('https://example.org/again'))
  ;(await desktop.question()).answer({ response: 0 })
  await until(() => desktop.state.opened[0], 'the browser')
  expect(desktop.state.opened).toEqual(['https://example.org/again'])
  await page.setContent('<a href="http://example.org/plain" target="_blank">plain</a>')
  await page.getByText('plain').click()
  const { webContents } = await desktop.window()
  expect(webContents.allowed).toEqual([])
  expect(desktop.state.opened).toHaveLength(1)
})

test('only the clipboard of our own page is permitted', async () => {
  const desktop = await start()
  await desktop.window()
  const { request, check } = desktop.state.permissions
  const asked = (permission: string, requestingUrl: string) => {
    let answer: boolean | null = null
    request!(null, permission, (granted) => (answer = granted), { requestingUrl })
    expect(check!(null, permission, '', { requestingUrl })).toBe(answer)
    return answer
  }
  expect(asked('clipboard-sanitized-write', 'dpl://app/')).toBe(true)
  expect(asked('clipboard-sanitized-write', 'https://example.org/')).toBe(false)
  for (const permission of ['media', 'geolocation', 'notifications', 'clipboard-read', 'openExternal'])
    expect(asked(permission, 'dpl://app/')).toBe(false)
})

test('the program’s dialogs answer the page, and what is shown lies in the file manager', async () => {
  const desktop = await start()
  const api = await desktop.api()
  const choosing = api.request('shell/choose', { kind: 'folder', purpose: 'pictures', title: 'Pictures' })
  const question = await desktop.question()
  expect(question).toMatchObject({ kind: 'open', options: { title: 'Pictures' } })
  question.answer({ canceled: false, filePaths: ['/pictures'] })
  expect(await choosing).toEqual({ paths: ['/pictures'] })
  const saving = api.request('shell/choose', {
    kind: 'save',
    purpose: 'csv',
    title: 'Table',
    extensions: ['csv'],
    suggestedName: 'table.csv',
  })
  const second = await desktop.question()
  expect(second).toMatchObject({
    kind: 'save',
    options: { defaultPath: expect.stringMatching(/table\.csv$/) as string },
  })
  second.answer({ canceled: true, filePath: '' })
  expect(await saving).toEqual({ paths: [] })
  await api.request('shell/reveal', { path: data.path })
  expect(desktop.state.shown).toEqual([data.path])
})

test('the menu names the commands, and the page does them', async () => {
  const desktop = await start()
  const page = await desktop.page()
  const items = desktop.state.menu!.flatMap(({ submenu }) => submenu ?? [])
  const queue = items.find(({ id }) => id === 'go-queue')
  expect(queue).toMatchObject({ accelerator: 'CommandOrControl+7', registerAccelerator: false })
  queue!.click!()
  await page.getByRole('heading', { level: 1, name: 'Queue' }).waitFor()
  await (
    await desktop.api()
  ).request('settings/change', { shortcuts: { 'go-queue': 'Mod+9' }, theme: 'dark' })
  await until(
    () =>
      desktop.state
        .menu!.flatMap(({ submenu }) => submenu ?? [])
        .find(({ id, accelerator }) => id === 'go-queue' && accelerator === 'CommandOrControl+9'),
    'the new keys',
  )
  await (await desktop.api()).request('settings/change', { shortcuts: {}, theme: 'system' })
})

test('a second start brings the first window up and opens what it was started with', async () => {
  const desktop = await start()
  const page = await desktop.page()
  const window = await desktop.window()
  window.minimized = true
  window.blur()
  const projectFile = join(data.path, 'flowers.dplproj')
  writeFileSync(projectFile, JSON.stringify({ format: 1, pictures: 'flowers' }))
  desktop.state.app.emit('second-instance', {}, [], '/', { path: projectFile })
  expect(window).toMatchObject({ minimized: false, focused: true })
  await page.waitForURL('**/import')

  const second = await start({ lockIsTaken: true, args: ['some/folder'] })
  expect(await second.state.ended).toBe(0)
  expect(second.state.app.lockData).toEqual({ path: join(process.cwd(), 'some/folder') })
  expect(second.state.windows).toEqual([])
})

test('a folder named at the start is opened once the page is there', async () => {
  const desktop = await start({ args: ['/pictures/of/cats'] })
  const page = await desktop.page()
  await page.waitForURL('**/import')
})

test('the window is where it was, and back on the screen when that has become smaller', async () => {
  const first = await start()
  const window = await first.window()
  window.bounds = { x: 1500, y: 300, width: 900, height: 600 }
  window.maximize()
  window.emit('resize')
  window.close()
  await first.state.ended
  expect(JSON.parse(readFileSync(join(data.path, 'window.json'), 'utf8'))).toEqual({
    bounds: { x: 1500, y: 300, width: 900, height: 600 },
    maximized: true,
  })
  await first.stop()
  const again = await start()
  expect(await again.window()).toMatchObject({ maximized: true, bounds: { x: 1500, y: 300 } })
  await again.stop()
  const smaller = await start({
    prepare: (state) => (state.workArea = { x: 0, y: 0, width: 1024, height: 700 }),
  })
  expect((await smaller.window()).bounds).toEqual({ x: 62, y: 50, width: 900, height: 600 })
})

test('through ssh -X nothing is drawn by a graphics card, and the window opens all the same', async () => {
  const desktop = await start({ env: { DISPLAY: 'localhost:10.0' } })
  await desktop.page()
  expect(desktop.state.app.accelerated).toBe(false)
  expect(desktop.state.app.switches).toEqual(['disable-gpu=', 'ozone-platform=x11'])
  await desktop.stop()
  const local = await start({ env: { DISPLAY: ':0' } })
  expect(local.state.app).toMatchObject({ accelerated: true, switches: [] })
})

test('while another process owns the data folder, the user may look but change nothing', async () => {
  const owner = await start()
  await owner.page()
  const reader = await start()
  const question = await reader.question()
  expect(question.options.detail).toContain('the window')
  question.answer({ response: 0 })
  await reader.page()
  expect((await reader.window()).title).toContain('opened to read')
  const api = await reader.api()
  expect(await api.request('runs/list', {})).toEqual([])
  await expect(api.request('models/import-starter', {})).rejects.toMatchObject({ code: 'locked' })
  await reader.stop()

  const unwilling = await start()
  ;(await unwilling.question()).answer({ response: 1 })
  expect(await unwilling.state.ended).toBe(1)
})
