import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { launchBrowser, openTab, serve, temporaryDataFolder, visit } from '../../tests/e2e/served-page.ts'
import { measureBesideARun } from './beside-a-run.ts'
import { fillLargeDataFolder } from './large-data-folder.ts'

/**
 * Measures the budgets of the screens on a data folder of 100,000 pictures and 1,000 runs:
 * `npm run bench:screens -- --json figures.json`. Figures of a machine at rest; says what each is held against.
 */

interface Figure {
  what: string
  measured: string
  budget: string
  kept: boolean
}

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
  },
})

const views = ['Home', 'Overview', 'Data', 'Runs', 'Models', 'Predict', 'Queue', 'Settings']
const ROUNDS = 5

async function main(): Promise<void> {
  const data = temporaryDataFolder()
  const sample = join(import.meta.dirname, '..', '..', 'resources', 'sample')
  const size = { images: Number(values.images), runs: Number(values.runs) }
  process.stderr.write(`making ${size.images} pictures and ${size.runs} runs\n`)
  const { datasetId, sampleId, runId } = await fillLargeDataFolder(data.path, { sample, ...size })
  const server = await serve(data.path)
  const browser = await launchBrowser()
  try {
    const figures = [
      await firstWindow(browser, server.url),
      ...(await inOneTab(browser, server.url, { datasetId, runId, runs: size.runs })),
      ...(await besideARun(browser, server.url, sampleId)),
    ]
    process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : table(figures))
  } finally {
    await browser.close()
    await server.stop()
    data.remove()
  }
}

async function firstWindow(browser: Browser, url: string): Promise<Figure> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const tab = await openTab(browser, url)
    await tab.page.getByRole('heading', { level: 1 }).waitFor()
    times.push(await tab.page.evaluate(() => performance.now()))
    await tab.close()
  }
  return figure('first window, from the address to its content', median(times), 2_000)
}

async function inOneTab(
  browser: Browser,
  url: string,
  { datasetId, runId, runs }: { datasetId: string; runId: string; runs: number },
): Promise<Figure[]> {
  const tab = await openTab(browser, url)
  const { page } = tab
  await visit(page, `/projects/${datasetId}`)
  const figures = [await viewChanges(page), await scrolling(page, datasetId), await runsList(page, runs)]
  figures.push(await scrubbing(page, runId), await memory(page, runId))
  await tab.close()
  return figures
}

/** The second time a view is opened: the first loads its code. */
async function viewChanges(page: Page): Promise<Figure> {
  const times: number[] = []
  for (let round = 0; round <= ROUNDS; round++)
    for (const view of views) {
      const took = await openView(page, view)
      if (round > 0) times.push(took)
    }
  return figure(`view change, ${views.length} views, median`, median(times), 100)
}

/** From the click to the frame after the new heading. */
async function openView(page: Page, name: string): Promise<number> {
  const link = page
    .getByRole('navigation', { name: 'Sections' })
    .getByRole('link', { name: new RegExp(`^${name}`) })
  const took = await link.evaluate(async (element: HTMLElement) => {
    const before = document.querySelector('h1')
    const start = performance.now()
    element.click()
    while (document.querySelector('h1') === before && performance.now() - start < 5_000)
      await new Promise((resolve) => requestAnimationFrame(resolve))
    await new Promise((resolve) => requestAnimationFrame(resolve))
    return performance.now() - start
  })
  await page.waitForTimeout(150)
  return took
}

/** Half a screen a frame through all pictures: how long the frames take. */
async function scrolling(page: Page, datasetId: string): Promise<Figure> {
  await visit(page, `/projects/${datasetId}/data`)
  await page.locator('main img').first().waitFor()
  const frames = await page.evaluate(async () => {
    const scrollers = [...document.querySelectorAll<HTMLElement>('main *')]
    const [longest] = scrollers.sort(
      (a, b) => b.scrollHeight - b.clientHeight - (a.scrollHeight - a.clientHeight),
    )
    const times: number[] = []
    let last = performance.now()
    for (let frame = 0; frame < 300; frame++) {
      longest!.scrollTop += longest!.clientHeight / 2
      await new Promise((resolve) => requestAnimationFrame(resolve))
      times.push(performance.now() - last)
      last = performance.now()
    }
    return times
  })
  const slow = frames.filter((time) => time > 25).length
  return {
    what: `scrolling pictures, half a screen a frame, 300 frames`,
    measured: `median ${median(frames).toFixed(1)} ms a frame, ${slow} frames over 25 ms`,
    budget: '16.7 ms (60 frames a second)',
    kept: median(frames) <= 17.5,
  }
}

async function runsList(page: Page, runs: number): Promise<Figure> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    await visit(page, '/')
    times.push(
      await page.evaluate(async () => {
        const start = performance.now()
        history.pushState({}, '', '/runs')
        dispatchEvent(new PopStateEvent('popstate', { state: {} }))
        while (document.querySelectorAll('main [role="row"], main tbody tr').length < 5)
          await new Promise((resolve) => requestAnimationFrame(resolve))
        return performance.now() - start
      }),
    )
  }
  return figure(`${runs.toLocaleString('en')} runs listed`, median(times), 300)
}

/** Main-thread time that one step of the scrubber costs, charts and heatmaps included. */
async function scrubbing(page: Page, runId: string): Promise<Figure> {
  await visit(page, `/runs/${runId}`)
  const slider = page.getByRole('slider').first()
  await slider.waitFor()
  await slider.focus()
  const meter = await openMeter(page)
  const before = await metric(meter, 'TaskDuration')
  const steps = 40
  for (let step = 0; step < steps; step++)
    await page.keyboard.press(step % 2 === 0 ? 'ArrowLeft' : 'ArrowRight')
  await page.waitForTimeout(600)
  return figure(
    'one step of the epoch scrubber, main thread',
    (((await metric(meter, 'TaskDuration')) - before) / steps) * 1000,
    16,
  )
}

async function besideARun(browser: Browser, url: string, datasetId: string): Promise<Figure[]> {
  const { resting, scrubbed, messages, cancelled } = await measureBesideARun(browser, url, datasetId)
  return [
    {
      what: 'an epoch of a search while its page is scrubbed, on the same processor',
      measured: `${(scrubbed / resting).toFixed(2)} of the time with a page that rests; ${messages} messages sent`,
      budget: '1.02',
      kept: scrubbed <= resting * 1.02,
    },
    figure('from asking a run to stop to its new state', cancelled, 1_000),
  ]
}

async function memory(page: Page, runId: string): Promise<Figure> {
  const cycle = async () => {
    await visit(page, '/queue')
    await visit(page, `/runs/${runId}`)
    await page.waitForTimeout(100)
  }
  const meter = await openMeter(page)
  for (let warm = 0; warm < 10; warm++) await cycle()
  const before = await heapBytes(meter)
  for (let round = 0; round < 40; round++) await cycle()
  const growth = (await heapBytes(meter)) - before
  return {
    what: 'growth of the heap over 40 visits of a run',
    measured: `${(growth / 1e6).toFixed(1)} MB of ${(before / 1e6).toFixed(0)} MB`,
    budget: 'flat (5 %)',
    kept: growth < before * 0.05,
  }
}

async function heapBytes(meter: CDPSession): Promise<number> {
  await meter.send('HeapProfiler.collectGarbage')
  return metric(meter, 'JSHeapUsedSize')
}

/** Times count from the moment a session was opened, so one session has to see both ends of what is measured. */
async function openMeter(page: Page): Promise<CDPSession> {
  const meter = await page.context().newCDPSession(page)
  await meter.send('Performance.enable')
  return meter
}

async function metric(meter: CDPSession, name: string): Promise<number> {
  const { metrics } = await meter.send('Performance.getMetrics')
  return metrics.find((each) => each.name === name)?.value ?? Number.NaN
}

function figure(what: string, milliseconds: number, budget: number): Figure {
  return {
    what,
    measured: `${milliseconds.toFixed(0)} ms`,
    budget: `${budget} ms`,
    kept: milliseconds <= budget,
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function table(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ what, measured, budget, kept }) =>
      `| ${what} | ${measured} | ${budget} | ${kept ? 'kept' : 'missed'} |`,
  )
  return ['| what | measured | budget | |', '|---|---|---|---|', ...rows, ''].join('\n')
}

await main()
