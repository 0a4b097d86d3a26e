import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Capabilities } from '#shared/schemas/app'
import { outcomeOf } from '../support/application.ts'
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

function start(options: Partial<DesktopOptions> = {}) {
  const desktop = startDesktop(browser, { dataFolder: data.path, ...options })
  running.push(desktop)
  return desktop
}

test('the window opens on our page, which talks to the program and complains about nothing', async () => {
  const desktop = start()
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
  const desktop = start()
  const page = await desktop.page()
  expect(
    await page.evaluate(
      `['require', 'process', 'module', 'Buffer', 'electron'].filter((name) => name in window)`,
    ),
  ).toEqual([])
  expect(await page.evaluate('Object.keys(dplstudio)')).toEqual(['post', 'listen', 'pathOf'])
  const policy = await page.evaluate(
    `fetch('/').then(({ headers }) => headers.get('content-security-policy'))`,
  )
  expect(policy).toContain("default-src 'none'; script-src 'self'")
  const directive = await page.evaluate(`new Promise((resolve) => {
    document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective))
    document.body.append(Object.assign(document.createElement('script'), { text: 'stolen = true' }))
  })`)
  expect(directive).toBe('script-src-elem')
  expect(desktop.state.app.sandboxed).toBe(true)
})

test('nothing leads away from the page, and a link opens in the browser once the user agrees', async () => {
  const desktop = start()
  const page = await desktop.page()
  const { attempts } = (await desktop.window()).webContents
  await page.evaluate(`location.href = 'https://example.org/away'`)
  await until(() => (attempts.includes('https://example.org/away') ? true : undefined), 'the attempt')
  // A navigation that nobody stops takes a moment.
  await page.waitForTimeout(500)
  expect(page.url()).toMatch(/^https:\/\/app\.dpl\.invalid\//)

  await page.evaluate(`window.open('file:///etc/passwd')`)
  await page.evaluate(`window.open('https://example.org/paper')`)
  const question = await desktop.question()
  expect(question.options.detail).toBe('https://example.org/paper')
  question.answer({ response: 1 })
  await page.evaluate(`window.open('https://example.org/again')`)
  ;(await desktop.question()).answer({ response: 0 })
  await until(() => desktop.state.opened[0], 'the browser')
  expect(desktop.state.opened).toEqual(['https://example.org/again'])
  await page.evaluate(`(() => {
    const link = Object.assign(document.createElement('a'), { href: 'http://example.org/', target: '_blank' })
    document.body.append(link)
    link.click()
  })()`)
  const { webContents } = await desktop.window()
  expect(webContents.allowed).toEqual([])
  expect(desktop.state.opened).toHaveLength(1)
})

test('the page may load itself anew, with a port of its own', async () => {
  const desktop = start()
  const page = await desktop.page()
  await page.evaluate(`(window.isOld = true, location.reload())`)
  await page.waitForFunction('window.isOld === undefined')
  await page.getByText('Engine off').waitFor()
  expect(desktop.complaints).toEqual([])
})

test('only the clipboard of our own page is permitted', async () => {
  const desktop = start()
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
  const desktop = start()
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
  const desktop = start()
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
  const desktop = start()
  const page = await desktop.page()
  const window = await desktop.window()
  window.minimized = true
  window.blur()
  const projectFile = join(data.path, 'flowers.dplproj')
  writeFileSync(projectFile, JSON.stringify({ format: 1, pictures: 'flowers' }))
  desktop.state.app.emit('second-instance', {}, [], '/', { path: projectFile })
  expect(window).toMatchObject({ minimized: false, focused: true })
  await page.waitForURL('**/import')

  const second = start({ lockIsTaken: true, args: ['some/folder'] })
  expect(await second.state.ended).toBe(0)
  expect(second.state.app.lockData).toEqual({ path: join(process.cwd(), 'some/folder') })
  expect(second.state.windows).toEqual([])
})

test('a folder named at the start is opened once the page is there', async () => {
  const desktop = start({ args: ['/pictures/of/cats'] })
  const page = await desktop.page()
  await page.waitForURL('**/import')
})

test('the window is where it was, and back on the screen when that has become smaller', async () => {
  const first = start()
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
  const again = start()
  expect(await again.window()).toMatchObject({ maximized: true, bounds: { x: 1500, y: 300 } })
  await again.stop()
  const smaller = start({
    prepare: (state) => (state.workArea = { x: 0, y: 0, width: 1024, height: 700 }),
  })
  expect((await smaller.window()).bounds).toEqual({ x: 62, y: 50, width: 900, height: 600 })
})

test('through ssh -X nothing is drawn by a graphics card, and the window opens all the same', async () => {
  const desktop = start({ env: { DISPLAY: 'localhost:10.0' } })
  await desktop.page()
  expect(desktop.state.app.accelerated).toBe(false)
  expect(desktop.state.app.switches).toEqual(['disable-gpu=', 'ozone-platform=x11'])
  await desktop.stop()
  const local = start({ env: { DISPLAY: ':0' } })
  await local.window()
  expect(local.state.app).toMatchObject({ accelerated: true, switches: [] })
})

test('while another process owns the data folder, the user may look but change nothing', async () => {
  const owner = start()
  await owner.page()
  const reader = start()
  const question = await reader.question()
  expect(question.options.detail).toContain('the window')
  question.answer({ response: 0 })
  await reader.page()
  expect((await reader.window()).title).toContain('opened to read')
  const api = await reader.api()
  expect(await api.request('runs/list', {})).toEqual([])
  await expect(api.request('models/import-starter', {})).rejects.toMatchObject({ code: 'locked' })
  await reader.stop()

  const unwilling = start()
  ;(await unwilling.question()).answer({ response: 1 })
  expect(await unwilling.state.ended).toBe(1)
})

test('the real engine starts as a utility process, and pictures come from the page’s own origin', async () => {
  const desktop = start()
  const page = await desktop.page()
  const api = await desktop.api()
  const { description } = await outcomeOf(api, api.request('engine/describe', {}), 'describe')
  expect(description.selfTest.map(({ passed }) => passed)).not.toContain(false)

  const { sampleFolder } = await api.request('app/info', {})
  const { dataset } = await outcomeOf(
    api,
    api.request('datasets/import', { path: sampleFolder }),
    'dataset-import',
  )
  const [image] = await api.request('datasets/images', { id: dataset.id, limit: 1 })
  const address = `/assets/datasets/${dataset.id}/${image!.path.split('/').map(encodeURIComponent).join('/')}?size=160`
  const width = await page.evaluate(`(async () => {
    const picture = Object.assign(new Image(), { src: ${JSON.stringify(address)} })
    await picture.decode()
    return picture.naturalWidth
  })()`)
  expect(width).toBeGreaterThan(0)
  expect(desktop.complaints).toEqual([])
})

test('what the system says of the theme is what the user has chosen', async () => {
  const desktop = start()
  await (await desktop.api()).request('settings/change', { theme: 'dark' })
  await until(() => (desktop.nativeTheme.themeSource === 'dark' ? true : undefined), 'the theme')
  await (await desktop.api()).request('settings/change', { theme: 'system' })
})
