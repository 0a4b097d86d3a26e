import type { Browser } from 'playwright-core'
import { presets } from '#shared/presets'
import type { Api } from '#shared/contract'
import type { SearchEpoch } from '#shared/schemas/run'
import { openTab, visit } from '../../tests/e2e/served-page.ts'
import { enter } from '../../tests/support/browser-client.ts'

const EPOCHS = 24

/** Seconds of an epoch of the search: with a page that shows the run and rests, and with one that is scrubbed. */
export interface BesideARun {
  readonly resting: number
  readonly scrubbed: number
  /** messages that the page sent while it was scrubbed */
  readonly messages: number
  /** from the click on Cancel to the run's new state, in milliseconds */
  readonly cancelled: number
}

/**
 * A search of the sample on the starter CLIP, watched by a page that is scrubbed in every other block of epochs. On a
 * small machine page and engine share the processor; what the page itself sends is counted apart.
 */
export async function measureBesideARun(
  browser: Browser,
  url: string,
  datasetId: string,
): Promise<BesideARun> {
  const api = await (await enter(url)).api()
  const run = await startSearch(api, datasetId)
  const tab = await openTab(browser, url)
  let messages = 0
  tab.page.on('websocket', (socket) => socket.on('framesent', () => messages++))
  await tab.page.reload()
  await visit(tab.page, `/runs/${run.id}`)
  const slider = tab.page.getByRole('slider').first()
  await epochReached(api, run.id, 4)
  await slider.focus()
  messages = 0
  const times: Record<'resting' | 'scrubbed', number[]> = { resting: [], scrubbed: [] }
  for (let block = 0; block < 4; block++) {
    const [from, scrubs] = [4 + block * 4, block % 2 === 1]
    const reached = { yet: false }
    const until = epochReached(api, run.id, from + 4).finally(() => (reached.yet = true))
    while (scrubs && !reached.yet) {
      await tab.page.keyboard.press('ArrowLeft')
      await tab.page.waitForTimeout(50)
    }
    const epochs = await until
    times[scrubs ? 'scrubbed' : 'resting'].push(
      ...epochs.filter(({ epoch }) => epoch > from && epoch <= from + 4).map(({ seconds }) => seconds),
    )
  }
  const sent = messages
  const began = performance.now()
  await api.request('runs/interrupt', { id: run.id, how: 'cancel' })
  while ((await api.request('runs/get', { id: run.id })).status === 'running')
    await new Promise((resolve) => setTimeout(resolve, 10))
  const cancelled = performance.now() - began
  await tab.close()
  return { resting: median(times.resting), scrubbed: median(times.scrubbed), messages: sent, cancelled }
}

async function startSearch(api: Api, datasetId: string) {
  const { quick } = presets
  const config = { ...quick, shots: 8, search: { ...quick.search, epochs: EPOCHS } }
  const { id: modelId } = (await api.request('models/list', {}))[0]!
  return api.request('runs/start', { kind: 'search', datasetId, modelId, config })
}

/** All epochs of the search, once it has come to one. */
async function epochReached(api: Api, id: string, epoch: number): Promise<SearchEpoch[]> {
  for (;;) {
    const reports = (await api.request('runs/epochs', { id })).filter((report) => report.stage === 'search')
    if (reports.some((report) => report.epoch >= epoch)) return reports
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
