import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Api } from '#shared/contract'
import { createWorkshop, endOf, outcomeOf, type Workshop } from '../../support/application.ts'
import { emptyPack } from '../../support/empty-pack.ts'

let workshop: Workshop

beforeEach(() => {
  workshop = createWorkshop()
  vi.stubEnv('DPLSTUDIO_RUNTIME', emptyPack(join(workshop.folder, 'pack')))
})
afterEach(async () => {
  await workshop.end()
  vi.unstubAllEnvs()
})

const reportOf = async (api: Api) =>
  (await outcomeOf(api, api.request('machine/report', {}), 'machine')).report
const stateOf = (checks: readonly { id: string; state: string }[], id: string) =>
  checks.find((check) => check.id === id)?.state

describe('machine/report', () => {
  test('describes the machine, with a remedy for everything that is missing and for nothing else', async () => {
    const { api } = workshop.start()
    const report = await reportOf(api)
    expect(report.engine).toMatchObject({ backend: 'fake', usingGpu: false })
    expect(report.pack?.name).toBe('cpu')
    expect(report.cores).toBeGreaterThan(0)
    expect(report.disk.free).toBeLessThanOrEqual(report.disk.total)
    const ids = report.checks.map(({ id }) => id)
    expect(ids).toEqual(['processor', 'runtime', 'engine', 'weights', 'disk', 'memory'])
    expect(stateOf(report.checks, 'weights')).toBe('warning')
    for (const { state, remedy } of [...report.checks, ...report.gpuChecks])
      expect(remedy !== null).toBe(state === 'failed' || state === 'warning')

    await outcomeOf(api, api.request('models/import-starter', {}), 'model-import')
    expect(stateOf((await reportOf(api)).checks, 'weights')).toBe('passed')
  })

  test('comes out when no pack is there and the engine cannot start, and says so', async () => {
    vi.stubEnv('DPLSTUDIO_RUNTIME', join(workshop.folder, 'nothing'))
    const { api } = workshop.start({}, { spawnEngine: failingSpawn })
    const report = await reportOf(api)
    expect(report.engine).toBeNull()
    expect(report.engineProblem?.message).toBe('There is no engine')
    expect(report.pack).toBeNull()
    expect(stateOf(report.checks, 'runtime')).toBe('failed')
    expect(stateOf(report.checks, 'engine')).toBe('skipped')
  })

  test('names why an engine does not start although there is a pack', async () => {
    const { api } = workshop.start({}, { spawnEngine: failingSpawn })
    const check = (await reportOf(api)).checks.find(({ id }) => id === 'engine')
    expect(check).toMatchObject({ state: 'failed', detail: 'There is no engine' })
  })

  test('works for somebody who only looks on while another process owns the data folder', async () => {
    workshop.start()
    const { api } = workshop.start({}, { access: 'read' })
    expect((await reportOf(api)).engine).not.toBeNull()
  })

  test('does not wait for a run of hours', async () => {
    const { api } = workshop.start({ epochMs: 300 })
    const path = await workshop.pictures()
    const { dataset } = await outcomeOf(api, api.request('datasets/import', { path }), 'dataset-import')
    const { model } = await outcomeOf(api, api.request('models/import-starter', {}), 'model-import')
    const { id } = await api.request('runs/start', {
      kind: 'search-and-train',
      datasetId: dataset.id,
      modelId: model.id,
      config: { shots: 2, validationShots: 1 },
    })
    const isRunning = async () => (await api.request('engine/status', {})).state === 'busy'
    await vi.waitFor(async () => expect(await isRunning()).toBe(true))
    const report = await reportOf(api)
    expect(report.engine).toBeNull()
    expect(report.engineProblem).toBeUndefined()
    expect(report.checks.find((check) => check.id === 'engine')?.detail).toBe('At work')
    expect((await api.request('runs/get', { id })).status).toBe('running')
    await api.request('runs/interrupt', { id, how: 'cancel' })
    await endOf(api, id)
  })

  test('says first that the settings ask for the processor, and the next engine is another one', async () => {
    const { api } = workshop.start()
    await reportOf(api)
    const { pid } = await api.request('engine/status', {})
    await api.request('settings/change', { device: 'cpu' })
    expect((await reportOf(api)).gpuChecks[0]).toMatchObject({ id: 'allowed', state: 'failed' })
    expect((await api.request('engine/status', {})).pid).not.toBe(pid)
  })

  test('tells the engine status what the engine computes with', async () => {
    const { api } = workshop.start()
    expect((await api.request('engine/status', {})).usingGpu).toBeNull()
    await reportOf(api)
    expect((await api.request('engine/status', {})).usingGpu).toBe(false)
  })
})

function failingSpawn(): never {
  throw new Error('There is no engine')
}
