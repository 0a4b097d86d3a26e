import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityFindings } from './accessibility.ts'
import { prepareProject, type PreparedProject } from './prepared-project.ts'
import {
  launchBrowser,
  openTab,
  serve,
  temporaryDataFolder,
  type ServedProgram,
  type Tab,
} from './served-page.ts'
import { go, views } from './views.ts'

/** Every view, by the rules of WCAG 2.2 A and AA: contrast in both themes, names, roles, order; and at twice the text. */

let project: PreparedProject
let server: ServedProgram
let browser: Browser
const empty = temporaryDataFolder()
let emptyServer: ServedProgram

beforeAll(async () => {
  project = await prepareProject()
  ;[server, emptyServer, browser] = await Promise.all([
    serve(project.dataFolder),
    serve(empty.path),
    launchBrowser(),
  ])
})
afterAll(async () => {
  await browser.close()
  await Promise.all([server.stop(), emptyServer.stop()])
  project.remove()
  empty.remove()
})

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  let tab: Tab
  beforeAll(async () => {
    tab = await openTab(browser, server.url, { colorScheme })
  })
  afterAll(() => tab.close())

  test.each(Object.entries(views))('%s', async (_, open) => {
    await open(tab.page, project)
    expect(await accessibilityFindings(tab.page)).toEqual([])
  })

  test('with nothing in it', async () => {
    const bare = await openTab(browser, emptyServer.url, { colorScheme })
    for (const path of ['/', '/models', '/runs', '/predict', '/queue']) {
      await go(bare.page, path)
      expect(await accessibilityFindings(bare.page), path).toEqual([])
    }
    await bare.close()
  })
})

describe('at twice the text size', () => {
  let tab: Tab
  beforeAll(async () => {
    await server.stop()
    writeFileSync(join(project.dataFolder, 'settings.json'), JSON.stringify({ textScale: 2 }))
    server = await serve(project.dataFolder)
    tab = await openTab(browser, server.url)
  })
  afterAll(() => tab.close())

  test.each(Object.entries(views))(
    '%s does not scroll sideways, and nothing to press is cut off',
    async (_, open) => {
      const { page } = tab
      await open(page, project)
      expect(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe('28px')
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1280)
      expect(await page.evaluate(cutOff)).toEqual([])
    },
  )
})

/** What can be pressed and lies outside of the page, by its name; a wide table scrolls in itself. Runs in the page. */
function cutOff(): string[] {
  const main = document.querySelector('main')!.getBoundingClientRect()
  return [...document.querySelectorAll<HTMLElement>('main button, main a')].flatMap((control) => {
    const { left, right, width } = control.getBoundingClientRect()
    const scrolls = control.closest('table, [role=grid], [role=treegrid], [role=tablist]') !== null
    const isCut = width > 1 && (right > main.right + 1 || left < main.left - 1)
    return isCut && !scrolls ? [control.innerText || (control.ariaLabel ?? '')] : []
  })
}
