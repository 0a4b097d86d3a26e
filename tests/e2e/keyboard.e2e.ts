import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { prepareProject, type PreparedProject } from './prepared-project.ts'
import { liveRun, runForm } from './screens.ts'
import { launchBrowser, openTab, serve, visit, type ServedProgram, type Tab } from './served-page.ts'

/** The way from home to a run and into its heatmaps without a pointer; the focus is seen wherever it is. */

let project: PreparedProject
let server: ServedProgram
let browser: Browser
const tabs: Tab[] = []

beforeAll(async () => {
  project = await prepareProject()
  ;[server, browser] = await Promise.all([serve(project.dataFolder), launchBrowser()])
})
afterEach(async () => {
  for (const tab of tabs.splice(0)) await tab.close()
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  project.remove()
})

async function open(): Promise<Page> {
  const tab = await openTab(browser, server.url)
  tabs.push(tab)
  return tab.page
}

/** What has the focus: its name, and whether something is drawn around it or what holds it. */
async function focused(page: Page): Promise<{ name: string; isSeen: boolean; isNothing: boolean }> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement
    const label = element.id === '' ? null : document.querySelector(`label[for="${element.id}"]`)
    const name =
      element.ariaLabel ?? label?.textContent ?? element.closest('label')?.textContent ?? element.innerText
    // What the focus adds is what a twin without it does not have.
    const isDrawn = (each: Element | null): boolean => {
      if (each === null) return false
      const twin = each.cloneNode(false) as Element
      each.after(twin)
      const [drawn, plain] = [each, twin].map((one) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(one)
        return [outlineStyle === 'none' ? '' : `${outlineWidth} ${outlineColor}`, boxShadow].join()
      })
      twin.remove()
      return drawn !== plain
    }
    return {
      name: name.trim().split('\n')[0]!,
      isSeen: isDrawn(element) || isDrawn(element.closest('label')),
      isNothing: element === document.body,
    }
  })
}

/** Presses Tab until something of that name has the focus. */
async function tabTo(page: Page, name: string | RegExp, most = 80): Promise<void> {
  const passed: string[] = []
  for (let pressed = 0; pressed < most; pressed++) {
    await page.keyboard.press('Tab')
    const now = await focused(page)
    passed.push(now.name)
    if (!now.isSeen && !now.isNothing) throw new Error(`The focus is not seen on "${now.name}"`)
    if (typeof name === 'string' ? now.name === name : name.test(now.name)) return
  }
  throw new Error(`Tab does not lead to ${String(name)}, but to: ${passed.join(' | ')}`)
}

async function typeInto(page: Page, path: string, text: string): Promise<void> {
  const isThere = () => page.evaluate((id) => document.activeElement?.id === id, `field-${path}`)
  for (let pressed = 0; pressed < 60 && !(await isThere()); pressed++) await page.keyboard.press('Tab')
  expect(await isThere(), path).toBe(true)
  expect((await focused(page)).isSeen, path).toBe(true)
  await page.keyboard.press('Control+a')
  await page.keyboard.type(text)
}

test('from home to a run and into its heatmaps', async () => {
  const page = await open()
  await page.getByRole('link', { name: 'my-pictures' }).first().waitFor()
  await tabTo(page, 'my-pictures')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'my-pictures' }).waitFor()
  await page.getByRole('link', { name: 'Another run' }).waitFor()
  await tabTo(page, 'Another run')
  await page.keyboard.press('Enter')

  const form = runForm(page)
  await form.goal('Quick look').waitFor()
  // Where the first goal is chosen already, the arrow keys lead away from it and back.
  await tabTo(page, /^(Quick look|Paper)$/)
  for (let pressed = 0; pressed < 6 && !(await form.goal('Quick look').isChecked()); pressed++)
    await page.keyboard.press('ArrowUp')
  expect(await form.goal('Quick look').isChecked()).toBe(true)
  await typeInto(page, 'shots', '2')
  await typeInto(page, 'validationShots', '2')
  await typeInto(page, 'search.epochs', '3')
  await typeInto(page, 'train.epochs', '2')
  await page.keyboard.press('Control+Enter')
  await page.waitForURL('**/runs/*')

  const live = liveRun(page)
  await live.results.waitFor({ timeout: 90_000 })
  await page.keyboard.press('t')
  expect((await focused(page)).name).toMatch(/^Layer 1, length \d+: /)
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowDown')
  const cell = await focused(page)
  expect(cell.name).toMatch(/^Layer 2, length \d+: /)
  expect(cell.isSeen).toBe(true)
  await page.keyboard.press('Enter')
  await live.inspector.waitFor()
  expect(await live.inspector.getByRole('heading').first().innerText()).toBe('Text branch, layer 2')
  await page.keyboard.press('Escape')
  await live.inspector.waitFor({ state: 'hidden' })
  expect((await focused(page)).name).toBe(cell.name)

  expect(await live.slider.inputValue()).toBe('3')
  await page.keyboard.press('[')
  expect(await live.slider.inputValue()).toBe('2')
  await page.keyboard.press('d')
  const table = live.chart('Weight of each prompt length').getByRole('table')
  await table.waitFor()
  expect(await table.getByRole('rowheader').first().innerText()).toMatch(
    /^Text branch, epoch 2: layer 1 chooses \d+/,
  )
})

test('a dialog gives the focus back to what opened it', async () => {
  const page = await open()
  await tabTo(page, /New project/)
  const before = await focused(page)
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').waitFor()
  expect((await focused(page)).name).not.toBe(before.name)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await expect.poll(async () => (await focused(page)).name).toBe(before.name)
})

test.each([
  '/',
  '/import',
  '/models',
  '/projects/<dataset>',
  '/projects/<dataset>/data',
  '/projects/<dataset>/data?tab=classes',
  '/projects/<dataset>/data?tab=splits',
  '/projects/<dataset>/new-run',
  '/projects/<dataset>/runs',
  '/runs/<run>',
  '/runs/<run>/results',
  '/runs/<run>/results?tab=confusion',
  '/runs/<run>/export',
  '/predict',
  '/queue',
  '/settings/appearance',
])('wherever Tab leads on %s, it is seen, and it leads through', async (path) => {
  const page = await open()
  await visit(page, path.replace('<dataset>', project.datasetId).replace('<run>', project.runId))
  await page.waitForLoadState('networkidle')
  const unseen: string[] = []
  let isThrough = false
  for (let pressed = 0; pressed < 150 && !isThrough; pressed++) {
    await page.keyboard.press('Tab')
    const { name, isSeen, isNothing } = await focused(page)
    // Behind the last stop the focus leaves the page for a moment.
    isThrough = isNothing
    if (!isSeen && !isNothing) unseen.push(name)
  }
  expect(unseen).toEqual([])
  expect(isThrough).toBe(true)
})
