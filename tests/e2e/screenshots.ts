import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { resource } from '#main/resources'
import { command, launchBrowser, openTab, serve, temporaryDataFolder } from './served-page.ts'
import { views, type Seen } from './views.ts'

/**
 * Pictures of every screen for the documents, of a real run on the sample project: `npm run screenshots`. A data folder
 * that has one already can be given as the first word.
 */

const SCREENS = {
  home: 'home',
  project: 'the overview of a project',
  import: 'import with findings',
  models: 'models',
  'data-pictures': 'data: pictures',
  'data-classes': 'data: classes',
  'data-splits': 'data: splits',
  'data-problems': 'data: problems',
  'new-run': 'new run',
  runs: 'runs',
  'live-run': 'live run',
  results: 'results: classes',
  'results-confusion': 'results: confusion',
  'results-mistakes': 'results: mistakes',
  'results-prompts': 'results: prompts',
  export: 'export',
  predict: 'predict',
  queue: 'queue',
  settings: 'settings: compute',
} as const

const folder = join(import.meta.dirname, '..', '..', 'docs', 'screenshots')

async function main([given]: string[]): Promise<void> {
  const own = given === undefined ? temporaryDataFolder() : null
  const dataFolder = given ?? own!.path
  if (own !== null) await command(dataFolder, 'demo')
  const server = await serve(dataFolder)
  const browser = await launchBrowser()
  try {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const project = await projectIn(dataFolder)
    for (const colorScheme of ['light', 'dark'] as const)
      await shoot(browser, server.url, project, colorScheme)
  } finally {
    await browser.close()
    await server.stop()
    own?.remove()
  }
  const bytes = readdirSync(folder).map((file) => statSync(join(folder, file)).size)
  const megabytes = bytes.reduce((sum, size) => sum + size, 0) / 1e6
  process.stdout.write(`${bytes.length} pictures, ${megabytes.toFixed(1)} MB, in ${folder}\n`)
}

/** The project with the newest trained run. */
async function projectIn(dataFolder: string): Promise<Seen> {
  const runs = (await command(dataFolder, 'runs')) as {
    id: string
    datasetId: string
    accuracy: number | null
  }[]
  const trained = runs.find(({ accuracy }) => accuracy !== null)
  if (trained === undefined) throw new Error('No trained run in the data folder')
  return { datasetId: trained.datasetId, runId: trained.id, folder: resource('sample') }
}

async function shoot(
  browser: Browser,
  url: string,
  project: Seen,
  colorScheme: 'light' | 'dark',
): Promise<void> {
  const small = await openTab(browser, url, { colorScheme, viewport: { width: 1280, height: 800 } })
  for (const [name, view] of Object.entries(SCREENS)) {
    await views[view]!(small.page, project)
    await keep(small.page, `${name}-${colorScheme}`)
  }
  await small.close()
  const large = await openTab(browser, url, { colorScheme, viewport: { width: 1920, height: 1080 } })
  await views['live run']!(large.page, project)
  await keep(large.page, `live-run-large-${colorScheme}`)
  await large.close()
}

/** Pictures and charts come a moment after the view; a palette makes the file a third as large. */
async function keep(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('networkidle')
  await page.waitForTimeout(1_000)
  const png = await sharp(await page.screenshot({ caret: 'hide' }))
    .png({ palette: true, compressionLevel: 9, effort: 10 })
    .toBuffer()
  writeFileSync(join(folder, `${name}.png`), png)
}

await main(process.argv.slice(2))
