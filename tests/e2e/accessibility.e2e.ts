import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityFindings } from './accessibility.ts'
import { prepareProject, type PreparedProject } from './prepared-project.ts'
import { importSheet } from './screens.ts'
import {
  launchBrowser,
  openTab,
  serve,
  temporaryDataFolder,
  visit,
  type ServedProgram,
  type Tab,
} from './served-page.ts'

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

/** How to get to each view, and what is there once it is. */
const views: Record<string, (page: Page) => Promise<void>> = {
  home: (page) => go(page, '/', () => page.getByRole('link', { name: 'my-pictures' }).first()),
  'the overview of a project': (page) => go(page, at('')),
  import: (page) => go(page, '/import'),
  'import with findings': async (page) => {
    await go(page, '/import')
    await importSheet(page).folder.fill(project.pictures.path)
    await importSheet(page).look.click()
    await importSheet(page).understood.waitFor()
  },
  models: (page) => go(page, '/models', () => page.getByText('Starter CLIP').first()),
  'data: pictures': (page) => go(page, at('/data'), () => page.getByRole('option').first()),
  'data: classes': (page) => go(page, at('/data?tab=classes'), () => page.getByRole('textbox').first()),
  'data: splits': (page) => go(page, at('/data?tab=splits'), () => page.getByRole('table').first()),
  'data: problems': (page) => go(page, at('/data?tab=problems')),
  'new run': (page) => go(page, at('/new-run'), () => page.getByRole('complementary', { name: 'Summary' })),
  runs: (page) => go(page, at('/runs'), () => page.locator('[data-run]').first()),
  'live run': (page) => go(page, run(''), () => page.getByRole('grid').first()),
  'results: classes': (page) => go(page, run('/results'), () => page.getByRole('table').first()),
  'results: confusion': async (page) => {
    await go(page, run('/results?tab=confusion'), () => page.getByRole('gridcell').first())
    await page.getByRole('gridcell').first().click()
  },
  'results: mistakes': (page) => go(page, run('/results?tab=mistakes')),
  'results: prompts': (page) => go(page, run('/results?tab=prompts')),
  'results: run card': (page) => go(page, run('/results?tab=card')),
  export: (page) => go(page, run('/export'), () => page.getByRole('button', { name: 'Check again' }).first()),
  predict: (page) => go(page, '/predict', () => page.getByTestId('predict-drop')),
  queue: (page) => go(page, '/queue'),
  ...Object.fromEntries(
    ['compute', 'folders', 'network', 'appearance', 'charts', 'behaviour', 'shortcuts', 'about'].map(
      (section) => [`settings: ${section}`, (page: Page) => go(page, `/settings/${section}`)],
    ),
  ),
}
const at = (rest: string) => `/projects/${project.datasetId}${rest}`
const run = (rest: string) => `/runs/${project.runId}${rest}`

async function go(page: Page, path: string, sign?: () => ReturnType<Page['locator']>): Promise<void> {
  await visit(page, path)
  await sign?.().waitFor()
  await page.evaluate(() => document.fonts.ready)
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  let tab: Tab
  beforeAll(async () => {
    tab = await openTab(browser, server.url, { colorScheme })
  })
  afterAll(() => tab.close())

  test.each(Object.entries(views))('%s', async (_, open) => {
    await open(tab.page)
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
      await open(page)
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
