import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { accessibilityFindings } from './accessibility.ts'
import {
  launchBrowser,
  openTab,
  serve,
  temporaryDataFolder,
  type ServedProgram,
  type Tab,
} from './served-page.ts'

const data = temporaryDataFolder()
let server: ServedProgram
let browser: Browser
const tabs: Tab[] = []

beforeAll(async () => {
  ;[server, browser] = await Promise.all([serve(data.path), launchBrowser()])
})
afterEach(async () => {
  for (const tab of tabs.splice(0)) await tab.close()
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  data.remove()
})

async function open(options: Parameters<typeof openTab>[2] = {}): Promise<Tab> {
  const tab = await openTab(browser, server.url, options)
  tabs.push(tab)
  return tab
}

test('the token leaves the address, a reload needs none, and nothing is complained about', async () => {
  const { page, complaints } = await open()
  await expect.poll(() => page.url()).not.toContain('token')
  await page.reload()
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.getByText('Engine off').waitFor()
  expect(complaints).toEqual([])
})

test('a page without the token learns nothing but how to get in', async () => {
  const { page } = await open()
  const stranger = await browser.newContext()
  const strange = await stranger.newPage()
  await strange.goto(new URL('/', server.url).href)
  await strange.getByText('lost its permission').waitFor()
  expect(await strange.getByText(data.path).count()).toBe(0)
  await stranger.close()
  await page.getByText('Engine off').waitFor()
})

test('the first Tab is the skip link, and it leads into the content', async () => {
  const { page } = await open()
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent.trim())).toBe('Skip to the content')
  await page.keyboard.press('Enter')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('content')
})

test('a command is found by its name, shows its keys, and does what it says', async () => {
  const { page } = await open()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('queue')
  const option = page.getByRole('option', { name: /Queue/ }).first()
  await option.waitFor()
  expect(await option.innerText()).toContain('7')
  await option.click()
  await page.waitForURL('**/queue')
  await page.getByRole('heading', { level: 1, name: 'Queue' }).waitFor()
})

test('the chosen theme outlives a reload', async () => {
  const { page } = await open({ colorScheme: 'light' })
  const isDark = () => page.evaluate(() => document.documentElement.classList.contains('dark'))
  expect(await isDark()).toBe(false)
  await page.keyboard.press('Control+k')
  await page.keyboard.type('light and dark')
  await page.keyboard.press('Enter')
  await expect.poll(isDark).toBe(true)
  await page.reload()
  await expect.poll(isDark).toBe(true)
})

test.each(['light', 'dark'] as const)(
  'the report of a problem can be read before it is kept, %s',
  async (scheme) => {
    const { page } = await open({ colorScheme: scheme })
    await page.keyboard.press('Control+k')
    await page.keyboard.type('report')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Report a problem' })
    await dialog.getByText('DPL Studio').first().waitFor()
    expect(await accessibilityFindings(page)).toEqual([])
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name: 'Save as a file' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('dpl-studio-report.txt')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
  },
)
