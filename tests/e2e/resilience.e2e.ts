import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readEpochs } from '#main/epoch-log'
import { runFiles } from '#main/run-folder'
import { sampleFolder } from './sample-folder.ts'
import { cellsOf, fillTinyRun, idInAddress, importSheet, liveRun, runForm, tableOf } from './screens.ts'
import {
  command,
  launchBrowser,
  openTab,
  serve,
  temporaryDataFolder,
  visit,
  type ServedProgram,
  type Tab,
} from './served-page.ts'

/** Reloads, second looks, killed processes, lost servers, bad folders: nothing is lost, and the page says what is. */

const SEARCH = 24
const TRAIN = 4

const data = temporaryDataFolder()
const pictures = sampleFolder({ classes: ['mammal', 'road_vehicle'], perClass: 12 })
let server: ServedProgram
let browser: Browser
let datasetId = ''
const tabs: Tab[] = []

beforeAll(async () => {
  const imported = await command(data.path, 'dataset', 'import', pictures.path)
  datasetId = (imported as { dataset: { id: string } }).dataset.id
  await command(data.path, 'zeroshot', datasetId)
  ;[server, browser] = await Promise.all([serve(data.path), launchBrowser()])
})
afterEach(async () => {
  for (const tab of tabs.splice(0)) await tab.close()
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  for (const { remove } of [data, pictures]) remove()
})

async function open(): Promise<Page> {
  const tab = await openTab(browser, server.url)
  tabs.push(tab)
  return tab.page
}

async function startRun(page: Page): Promise<string> {
  await visit(page, `/projects/${datasetId}/new-run`)
  await fillTinyRun(page, { search: SEARCH, train: TRAIN })
  await runForm(page).start.click()
  await page.waitForURL('**/runs/*')
  return idInAddress(page)
}

/** Waits until the search has come so far on this page. */
async function searchReaches(page: Page, epoch: number): Promise<void> {
  const reached = async () => Number((await liveRun(page).slider.getAttribute('max')) ?? 0)
  await liveRun(page).slider.waitFor({ timeout: 60_000 })
  await expect.poll(reached, { timeout: 60_000 }).toBeGreaterThanOrEqual(epoch)
}

/** Ends the engine of the server as a crash would. */
function killEngine(): void {
  const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
  const engines = listed.split('\n').flatMap((line) => {
    const [pid, parent, ...words] = line.trim().split(/\s+/)
    const isEngine = Number(parent) === server.process.pid && words.some((word) => word.endsWith('engine.js'))
    return isEngine ? [Number(pid)] : []
  })
  expect(engines).toHaveLength(1)
  process.kill(engines[0]!, 'SIGKILL')
}

const from1 = (epochs: number) => Array.from({ length: epochs }, (_, at) => String(at + 1))

/** The loss curves of both stages, as the page and as the run folder tell them. */
async function expectWholeCurves(page: Page, runId: string): Promise<void> {
  const stored = readEpochs(runFiles(join(data.path, 'runs', runId)).epochs)
  const live = liveRun(page)
  for (const [stage, epochs] of [
    ['Train', TRAIN],
    ['Search', SEARCH],
  ] as const) {
    await live.curves.click()
    await page.getByRole('option', { name: stage, exact: true }).click()
    const rows = await tableOf(live.chart('Loss'))
    expect(rows.map(([epoch]) => epoch)).toEqual(from1(epochs))
    const losses = stored
      .filter((each) => each.stage === stage.toLowerCase() && each.epoch > 0)
      .map(({ trainLoss }) => trainLoss?.toFixed(2))
    expect(rows.map(([, loss]) => loss)).toEqual(losses)
  }
}

describe('a run', () => {
  test('goes on through a reload, looks the same in two tabs, and outlives its engine', async () => {
    const first = await open()
    const runId = await startRun(first)
    const second = await open()
    await visit(second, `/runs/${runId}`)
    await searchReaches(first, 3)

    await first.reload()
    await searchReaches(first, 5)
    const epochsOf = async (page: Page) =>
      (await tableOf(liveRun(page).chart('Loss'))).map(([epoch]) => epoch)
    for (const page of [first, second]) {
      const epochs = await epochsOf(page)
      expect(epochs.length).toBeGreaterThanOrEqual(5)
      expect(epochs).toEqual(from1(epochs.length))
    }

    killEngine()
    for (const page of [first, second]) {
      const { failure } = liveRun(page)
      await failure.waitFor()
      expect(await failure.getByRole('button').count()).toBe(1)
      expect(await failure.innerText()).toMatch(/All epochs up to search epoch \d+/)
    }
    await liveRun(first)
      .failure.getByRole('button', { name: /^Resume from epoch \d+$/ })
      .click()
    for (const page of [first, second]) {
      await liveRun(page).results.waitFor({ timeout: 90_000 })
      expect(await liveRun(page).failure.count()).toBe(0)
      await expectWholeCurves(page, runId)
    }
    const cells = (page: Page) => cellsOf(liveRun(page).heatmap('Text'))
    expect(await cells(first)).toEqual(await cells(second))
  })

  test('is resumed after the whole program has been killed', async () => {
    const page = await open()
    const runId = await startRun(page)
    await searchReaches(page, 4)
    const { port } = new URL(server.url)
    const ended = new Promise((resolve) => server.process.once('exit', resolve))
    server.process.kill('SIGKILL')
    await ended
    await page.getByTestId('connection-banner').getByText('The program does not answer').waitFor()
    server = await serve(data.path, '--port', port)
    // It has a new secret, which this page cannot know.
    await page.getByTestId('connection-banner').getByText('lost its permission').waitFor()

    const again = await open()
    await visit(again, `/runs/${runId}`)
    await liveRun(again).resume.click()
    await liveRun(again).results.waitFor({ timeout: 90_000 })
    await expectWholeCurves(again, runId)
  })
})

describe('a folder that cannot be a project', () => {
  const folders = temporaryDataFolder()
  afterAll(() => folders.remove())

  async function look(path: string): Promise<Page> {
    const page = await open()
    await visit(page, '/import')
    const sheet = importSheet(page)
    await sheet.folder.fill(path)
    await sheet.look.click()
    return page
  }

  const make: Record<string, (folder: string) => void> = {
    'is not there': () => undefined,
    'has no pictures': (folder) => {
      mkdirSync(join(folder, 'cat'), { recursive: true })
      writeFileSync(join(folder, 'cat', 'notes.txt'), 'no picture')
    },
    'has one class': (folder) =>
      cpSync(join(pictures.path, 'mammal'), join(folder, 'mammal'), { recursive: true }),
  }
  test.each(Object.entries(make))('that %s is refused with a remedy', async (name, prepare) => {
    const folder = join(folders.path, name)
    prepare(folder)
    const page = await look(folder)
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.innerText()).toMatch(/What to do: ?.{10}/)
    expect(await importSheet(page).add.count()).toBe(0)
  })

  test('is imported without its bad pictures, which are listed', async () => {
    const folder = join(folders.path, 'mixed')
    cpSync(pictures.path, folder, { recursive: true })
    const [first, second] = pictures.pictures
    writeFileSync(join(folder, 'mammal', 'broken.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]))
    writeFileSync(join(folder, 'mammal', 'notes.txt'), 'no picture')
    cpSync(join(pictures.path, first!), join(folder, 'mammal', 'copy.webp'))
    await sharp(join(pictures.path, second!))
      .jpeg({ quality: 70 })
      .toFile(join(folder, 'mammal', 'again.jpg'))
    await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
      .png()
      .toFile(join(folder, 'road_vehicle', 'tiny.png'))
    const page = await look(folder)
    const sheet = importSheet(page)
    await sheet.understood.waitFor()
    const text = await page.getByRole('region', { name: 'What to know about them' }).innerText()
    for (const kind of ['Damaged pictures', 'Exact copies', 'Look-alikes', 'Tiny pictures'])
      expect(text).toContain(kind)
    await sheet.add.click()
    await page.waitForURL('**/projects/*')
  })
})
