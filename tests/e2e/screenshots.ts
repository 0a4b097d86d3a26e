import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { resource } from '#main/resources'
import { predicting } from './screens.ts'
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
  queue: 'queue',
  settings: 'settings: appearance',
} as const

/** Longest first: a data folder may be below the program. */
const folders: [string, string][] = []
const root = join(import.meta.dirname, '..', '..')
const folder = join(root, 'docs', 'screenshots')

async function main([given]: string[]): Promise<void> {
  const own = given === undefined ? temporaryDataFolder() : null
  const dataFolder = given ?? own!.path
  if (own !== null) await command(dataFolder, 'demo')
  folders.push([dataFolder, '/home/me/.local/share/dpl-studio'], [root, '/opt/dpl-studio'])
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
  await predict(small.page, project)
  await keep(small.page, `predict-${colorScheme}`)
  await small.close()
  const large = await openTab(browser, url, { colorScheme, viewport: { width: 1920, height: 1080 } })
  await views['live run']!(large.page, project)
  await keep(large.page, `live-run-large-${colorScheme}`)
  await large.close()
}

async function predict(page: Page, project: Seen): Promise<void> {
  await views['predict']!(page, project)
  const screen = predicting(page)
  await screen.path.fill(join(project.folder, 'road_vehicle'))
  await screen.start.click()
  await screen.summary.waitFor()
}

/** Shows folders of this machine as if they were those of a reader. Runs in the page. */
function renameFolders(names: [string, string][]): void {
  const renamed = (text: string) => names.reduce((all, [from, to]) => all.replaceAll(from, to), text)
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let text = texts.nextNode(); text !== null; text = texts.nextNode())
    text.nodeValue = renamed(text.nodeValue ?? '')
  for (const input of document.querySelectorAll('input')) input.value = renamed(input.value)
}

/** Pictures and charts come a moment after the view; a palette makes the file a third as large. */
async function keep(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('networkidle')
  await page.waitForTimeout(1_000)
  await page.evaluate(renameFolders, folders)
  const png = await sharp(await page.screenshot({ caret: 'hide' }))
    .png({ palette: true, compressionLevel: 9, effort: 10 })
    .toBuffer()
  writeFileSync(join(folder, `${name}.png`), png)
}

await main(process.argv.slice(2))
