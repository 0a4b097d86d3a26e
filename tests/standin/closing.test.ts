import type { ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Api } from '#shared/contract'
import type { Run } from '#shared/schemas/run-record'
import type { Settings } from '#shared/schemas/settings'
import { endOf, outcomeOf, writePicture } from '../support/application.ts'
import { fakeEngineProgram, type FakeEngine } from '../support/engines.ts'
import { launchChromium, startDesktop, temporaryData, until, type RunningDesktop } from './desktop.ts'

const STAY = { response: 2, checkboxChecked: false }
const STOP = { response: 1, checkboxChecked: false }
const BACKGROUND = { response: 0, checkboxChecked: false }

let browser: Browser
let data: ReturnType<typeof temporaryData>
const running: RunningDesktop[] = []
beforeAll(async () => {
  browser = await launchChromium()
})
beforeEach(() => {
  data = temporaryData()
})
afterEach(async () => {
  for (const desktop of running.splice(0)) await desktop.stop()
  data.remove()
})
afterAll(() => browser.close())

async function start({ mode = 'normal', epochMs = 50 }: FakeEngine = {}) {
  const desktop = startDesktop(browser, {
    dataFolder: data.path,
    engine: fakeEngineProgram,
    env: { FAKE_MODE: mode, FAKE_EPOCH_MS: String(epochMs) },
  })
  running.push(desktop)
  await desktop.page()
  return desktop
}

/** Starts a run of so many epochs and waits until it is running. */
async function startRun(api: Api, epochs: number): Promise<Run> {
  const clip = join(data.path, 'clip')
  const pictures = join(data.path, 'pictures')
  mkdirSync(clip)
  writeFileSync(join(clip, 'weights'), 'weights')
  for (const [label, name] of ['cat', 'dog'].entries()) {
    mkdirSync(join(pictures, name), { recursive: true })
    for (let number = 0; number < 10; number++)
      await writePicture(join(pictures, name, `${number}.png`), label * 1000 + number)
  }
  const { dataset } = await outcomeOf(
    api,
    api.request('datasets/import', { path: pictures }),
    'dataset-import',
  )
  const { model } = await outcomeOf(api, api.request('models/import', { path: clip }), 'model-import')
  const run = await api.request('runs/start', {
    kind: 'search',
    datasetId: dataset.id,
    modelId: model.id,
    config: { shots: 4, validationShots: 2, search: { epochs } },
  })
  await until(async () =>
    (await api.request('runs/get', { id: run.id })).status === 'running' ? run : undefined,
  )
  return run
}

test('without a run, the window closes and the program with it', async () => {
  const desktop = await start()
  ;(await desktop.window()).close()
  expect(await desktop.state.ended).toBe(0)
  expect(desktop.state.asked).toEqual([])
})

test('staying changes nothing, and a second cross asks no second question', async () => {
  const desktop = await start()
  const api = await desktop.api()
  const { id } = await startRun(api, 40)
  const window = await desktop.window()
  window.close()
  window.close()
  const question = await desktop.question()
  expect(question.options.message).toBe('A run is not finished.')
  question.answer(STAY)
  expect(desktop.state.asked).toHaveLength(1)
  expect(window.destroyed).toBe(false)
  expect((await endOf(api, id)).status).toBe('finished')
})

test('stopping pauses the run at a safe point, and the next start resumes it to its end', async () => {
  const desktop = await start()
  const { id } = await startRun(await desktop.api(), 40)
  ;(await desktop.window()).close()
  ;(await desktop.question()).answer(STOP)
  expect(await desktop.state.ended).toBe(0)
  const isGone = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null
  await until(() => (desktop.state.engines.every(isGone) ? true : undefined), 'the end of the engine')

  const again = await start({ epochMs: 1 })
  const api = await again.api()
  expect((await api.request('runs/get', { id })).status).toBe('paused')
  const before = await api.request('runs/epochs', { id })
  await api.request('runs/resume', { id })
  expect((await endOf(api, id)).status).toBe('finished')
  const epochs = await api.request('runs/epochs', { id })
  expect(before.length).toBeLessThan(41)
  expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 41 }, (_, epoch) => epoch))
})

test('in the background it finishes, says so, and ends; opened again, the run is there', async () => {
  const desktop = await start()
  const { id, name } = await startRun(await desktop.api(), 30)
  const { state } = desktop
  expect(state.awake.size).toBe(1)
  const window = await desktop.window()
  await until(() => (window.progress > 0 ? true : undefined))
  window.close()
  ;(await desktop.question()).answer(BACKGROUND)
  await until(() => (window.destroyed ? true : undefined))
  expect(state.trays[0]).toMatchObject({ destroyed: false, toolTip: `DPL Studio: ${name} is running` })
  expect(await state.ended).toBe(0)
  expect(state.notices.map(({ title }) => title)).toEqual([`${name} is finished`])
  expect(state.awake.size).toBe(0)

  const again = await start()
  expect((await (await again.api()).request('runs/get', { id })).status).toBe('finished')
})

test('from the background a second start brings the window back, with the run as it is', async () => {
  const desktop = await start()
  const { id } = await startRun(await desktop.api(), 200)
  ;(await desktop.window()).close()
  ;(await desktop.question()).answer(BACKGROUND)
  await until(() => (desktop.state.windows.length === 0 ? true : undefined))
  desktop.state.app.emit('second-instance', {}, [], '/', {})
  const api = await desktop.api()
  expect((await api.request('runs/get', { id })).status).toBe('running')
  expect(desktop.state.trays[0]!.destroyed).toBe(true)
  const heard = new Promise<string>((resolve) => api.on('run/epoch', ({ runId }) => resolve(runId)))
  expect(await heard).toBe(id)
})

test('a remembered answer is not asked for again, but quitting is no wish for the background', async () => {
  const desktop = await start()
  const { state } = desktop
  const api = await desktop.api()
  const { id } = await startRun(api, 200)
  ;(await desktop.window()).close()
  ;(await desktop.question()).answer({ ...BACKGROUND, checkboxChecked: true })
  await until(() => (state.windows.length === 0 ? true : undefined))
  state.app.emit('second-instance', {}, [], '/', {})
  const settings: Settings = await (await desktop.api()).request('settings/get', {})
  expect(settings.onClose).toBe('background')
  ;(await desktop.window()).close()
  await until(() => (state.windows.length === 0 ? true : undefined))
  expect(state.asked).toHaveLength(1)

  state.app.quit()
  ;(await desktop.question()).answer(STOP)
  expect(await state.ended).toBe(0)
  const again = await start()
  expect((await (await again.api()).request('runs/get', { id })).status).toBe('paused')
})

test('a run whose engine is killed has failed, with what to do about it, and the window lives on', async () => {
  const desktop = await start({ mode: 'crash' })
  const api = await desktop.api()
  const window = await desktop.window()
  window.blur()
  const ended = new Promise<Run>((resolve) =>
    api.on('run/changed', (run) => run.status === 'failed' && resolve(run)),
  )
  const { id } = await startRun(api, 5)
  const run = await ended
  expect(run).toMatchObject({ id, error: { code: 'engine-unavailable', hint: expect.any(String) as string } })
  await until(() => desktop.state.notices[0])
  expect(desktop.state.notices[0]).toMatchObject({ title: `${run.name} has failed` })
  expect((await api.request('app/info', {})).dataFolder).toBe(data.path)
  expect(window.destroyed).toBe(false)
})

test('settings keep it silent and let the machine sleep', async () => {
  const desktop = await start()
  const api = await desktop.api()
  await api.request('settings/change', { notifications: false, keepAwake: false })
  ;(await desktop.window()).blur()
  const { id } = await startRun(api, 3)
  expect(desktop.state.awake.size).toBe(0)
  await endOf(api, id)
  expect(desktop.state.notices).toEqual([])
})

test.each(['SIGTERM', 'SIGHUP'] as const)(
  '%s pauses what runs and ends the program unasked',
  async (signal) => {
    const desktop = await start()
    const { id } = await startRun(await desktop.api(), 200)
    process.emit(signal)
    expect(await desktop.state.ended).toBe(0)
    expect(desktop.state.asked).toEqual([])
    const again = await start()
    expect((await (await again.api()).request('runs/get', { id })).status).toBe('paused')
  },
)

test('a window opened to read does not ask about the runs of the one that owns them', async () => {
  const owner = await start()
  const { id } = await startRun(await owner.api(), 100)
  const reader = startDesktop(browser, { dataFolder: data.path, engine: fakeEngineProgram })
  running.unshift(reader)
  ;(await reader.question()).answer({ response: 0 })
  expect((await (await reader.api()).request('runs/get', { id })).status).toBe('running')
  expect(reader.state.awake.size).toBe(0)
  ;(await reader.window()).close()
  expect(await reader.state.ended).toBe(0)
  expect(reader.state.asked).toHaveLength(1)
  expect((await (await owner.api()).request('runs/get', { id })).status).toBe('running')
})
