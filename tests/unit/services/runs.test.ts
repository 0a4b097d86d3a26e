import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Api, Input } from '#shared/contract'
import type { RunQueue } from '#shared/schemas/queue'
import { answersFile, runFiles } from '#main/run-folder'
import { followPictures, presentPath, readJob } from '#main/services/run-records'
import { createWorkshop, endOf, outcomeOf, type Workshop } from '../../support/application.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = createWorkshop()
})
afterEach(() => workshop.end())

/** What a short run needs, with data and CLIP imported. */
async function prepare(api: Api, epochs = 2): Promise<Input<'runs/start'> & { config: object }> {
  const fractions = { train: 0.5, validation: 0.25, test: 0.25 }
  const path = await workshop.pictures()
  const { dataset } = await outcomeOf(
    api,
    api.request('datasets/import', { path, fractions }),
    'dataset-import',
  )
  const { model } = await outcomeOf(
    api,
    api.request('models/import', { path: workshop.model }),
    'model-import',
  )
  const config = { shots: 2, search: { epochs }, train: { epochs } }
  return { kind: 'search-and-train', datasetId: dataset.id, modelId: model.id, config }
}

/** Starts runs of these names, one after the other. Gives their ids by name. */
async function startNamed(api: Api, names: readonly string[], epochs = 2): Promise<Record<string, string>> {
  const request = await prepare(api, epochs)
  const ids: Record<string, string> = {}
  for (const name of names) ids[name] = (await api.request('runs/start', { ...request, name })).id
  return ids
}

const queueOf = (api: Api): Promise<RunQueue> => api.request('runs/queue', {})
const statusOf = async (api: Api, id: string) => (await api.request('runs/get', { id })).status

describe('the queue', () => {
  test('takes five runs in the order the user wants, and a planted failure stops none of the others', async () => {
    const { api } = workshop.start({ epochMs: 15 })
    const ended: string[] = []
    api.on('run/changed', ({ name, status }) => {
      if (status === 'finished' || status === 'failed') ended.push(`${name} ${status}`)
    })
    const told: RunQueue[] = []
    api.on('queue/changed', (queue) => told.push(queue))
    const ids = await startNamed(api, ['a', 'b', 'c planted failure', 'd', 'e'])
    const after = await api.request('runs/move', { id: ids['e']!, position: 0 })
    expect(after).toMatchObject({
      running: ids['a'],
      waiting: [ids['e'], ids['b'], ids['c planted failure'], ids['d']],
    })
    for (const id of Object.values(ids)) await endOf(api, id)
    expect(ended).toEqual([
      'a finished',
      'e finished',
      'b finished',
      'c planted failure failed',
      'd finished',
    ])
    await expect.poll(() => queueOf(api)).toEqual({ running: null, waiting: [], held: false, reason: null })
    expect(told.at(-1)).toEqual(await queueOf(api))
    expect(await api.request('runs/get', { id: ids['c planted failure']! })).toMatchObject({
      error: { code: 'diverged' },
    })
  })

  test('lets nothing start while it is held, and goes on when it is released', async () => {
    const { api } = workshop.start()
    await api.request('runs/hold-queue', { held: true })
    const ids = await startNamed(api, ['a', 'b'])
    expect(await queueOf(api)).toMatchObject({ running: null, waiting: [ids['a'], ids['b']], held: true })
    expect(await statusOf(api, ids['a']!)).toBe('queued')
    await api.request('runs/hold-queue', { held: false })
    expect(await endOf(api, ids['b']!)).toMatchObject({ status: 'finished' })
  })

  test('lets waiting runs leave, to be resumed later', async () => {
    const { api } = workshop.start({ epochMs: 30 })
    const ids = await startNamed(api, ['a', 'b', 'c'])
    await api.request('runs/interrupt', { id: ids['b']!, how: 'cancel' })
    await api.request('runs/interrupt', { id: ids['c']!, how: 'pause' })
    expect([await statusOf(api, ids['b']!), await statusOf(api, ids['c']!)]).toEqual(['cancelled', 'paused'])
    expect((await queueOf(api)).waiting).toEqual([])
    await expect(api.request('runs/move', { id: ids['b']!, position: 0 })).rejects.toThrow('is not waiting')
    await api.request('runs/resume', { id: ids['b']! })
    expect((await queueOf(api)).waiting).toEqual([ids['b']])
    expect(await endOf(api, ids['b']!)).toMatchObject({ status: 'finished' })
  })

  test('lets work of other kinds in between two runs', async () => {
    const { api } = workshop.start({ epochMs: 20 })
    const ids = await startNamed(api, ['a', 'b'], 4)
    await expect.poll(() => statusOf(api, ids['a']!)).toBe('running')
    const described = await outcomeOf(api, api.request('engine/describe', {}), 'describe')
    expect(described.description.backend).toBe('fake')
    expect(await statusOf(api, ids['b']!)).not.toBe('finished')
    expect(await statusOf(api, ids['a']!)).toBe('finished')
    await endOf(api, ids['b']!)
  })

  test('is held with a note when two runs in a row fail in the same way', async () => {
    const { api } = workshop.start()
    const ids = await startNamed(api, ['a planted failure', 'b planted failure', 'c'])
    await expect.poll(async () => (await queueOf(api)).held).toBe(true)
    expect(await queueOf(api)).toMatchObject({
      waiting: [ids['c']],
      reason: expect.stringContaining('The loss is not a number any more') as string,
    })
    expect(await api.request('runs/hold-queue', { held: false })).toMatchObject({ held: false, reason: null })
    expect(await endOf(api, ids['c']!)).toMatchObject({ status: 'finished' })
  })

  test('is held at the first failure for users who want that', async () => {
    const { api } = workshop.start()
    await api.request('settings/change', { pauseQueueOnFailure: true })
    const ids = await startNamed(api, ['a planted failure', 'b'])
    await expect.poll(async () => (await queueOf(api)).held).toBe(true)
    expect(await queueOf(api)).toMatchObject({
      waiting: [ids['b']],
      reason: expect.stringContaining('a planted failure failed') as string,
    })
  })

  test('pauses what waits when the program ends, and what runs too', async () => {
    const { api, app } = workshop.start({ epochMs: 50 })
    const ids = await startNamed(api, ['a', 'b'], 20)
    await expect.poll(() => statusOf(api, ids['a']!)).toBe('running')
    await app.dispose()
    const { api: next } = workshop.start()
    expect([await statusOf(next, ids['a']!), await statusOf(next, ids['b']!)]).toEqual(['paused', 'paused'])
  })
})

describe('runs with several seeds', () => {
  test('are the same but for the seed, and all of them start', async () => {
    const { api } = workshop.start()
    const request = { ...(await prepare(api)), name: 'Flowers' }
    const runs = await api.request('runs/start-seeds', { request, seeds: [1, 2, 3] })
    expect(runs.map(({ name, config }) => [name, config.seed])).toEqual([
      ['Flowers, seed 1', 1],
      ['Flowers, seed 2', 2],
      ['Flowers, seed 3', 3],
    ])
    for (const { id } of runs) expect(await endOf(api, id)).toMatchObject({ status: 'finished' })
  })

  test('start all or none', async () => {
    const { api } = workshop.start()
    const request = await prepare(api)
    const start = (changes: object, seeds: number[]) =>
      api.request('runs/start-seeds', {
        request: { ...request, config: { ...request.config, ...changes } },
        seeds,
      })
    await expect(start({ shots: 99 }, [1, 2])).rejects.toMatchObject({ code: 'invalid-input' })
    await expect(start({}, [1, 2, 1])).rejects.toThrow('named twice')
    expect(await api.request('runs/list', {})).toEqual([])
  })
})

describe('a run', () => {
  async function finished(api: Api) {
    const { id } = await api.request('runs/start', await prepare(api))
    return await endOf(api, id)
  }

  test('keeps the name and the notes it is given in its folder, from where the index is made again', async () => {
    const { api } = workshop.start()
    const { id, folder } = await finished(api)
    const changed: string[] = []
    api.on('run/changed', ({ name }) => changed.push(name))
    await api.request('runs/annotate', { id, notes: 'with new light' })
    const named = await api.request('runs/annotate', { id, name: 'Best so far' })
    expect(named).toMatchObject({ name: 'Best so far', notes: 'with new light' })
    expect(changed).toContain('Best so far')
    expect(JSON.parse(readFileSync(runFiles(folder).annotation, 'utf8'))).toEqual({
      name: 'Best so far',
      notes: 'with new light',
    })
    await outcomeOf(api, api.request('index/rebuild', {}), 'reindex')
    expect(await api.request('runs/get', { id })).toEqual(named)
  })

  test('says what it was made of in lists', async () => {
    const { api } = workshop.start()
    const run = await finished(api)
    const dataset = await api.request('datasets/get', { id: run.datasetId })
    expect(run).toMatchObject({ datasetFingerprint: dataset.fingerprint, macroF1: 0.75, testImages: 10 })
    expect(await api.request('runs/classes', { id: run.id })).toEqual(['cat', 'dog'])
  })

  test('shows how the test images were answered', async () => {
    const { api } = workshop.start()
    const { id } = await finished(api)
    const ask = (changes: object) => api.request('runs/scored-images', { id, method: 'dpl', ...changes })
    const { total, images } = await ask({ only: 'fixed' })
    expect(total).toBe(1)
    expect(images[0]).toMatchObject({ label: 1, predicted: 1, zeroShotPredicted: 0 })
    expect(images[0]!.path).toMatch(/^dog\/\d+\.png$/)
    expect(await ask({ method: 'zero-shot', label: 1, predicted: 0 })).toMatchObject({ total: 1 })
    await expect(ask({ method: 'supprompt' })).rejects.toMatchObject({ code: 'not-found' })
  })

  test('has a card before, while and after it works', async () => {
    const { api } = workshop.start({ epochMs: 20 })
    await api.request('runs/hold-queue', { held: true })
    const { id } = await api.request('runs/start', await prepare(api))
    const card = async () => (await api.request('runs/card', { id })).markdown
    expect(await card()).toContain('Nothing was measured.')
    await api.request('runs/hold-queue', { held: false })
    await endOf(api, id)
    await api.request('runs/annotate', { id, notes: 'with *stars*' })
    const whole = await card()
    const run = await api.request('runs/get', { id })
    expect(whole).toContain(`| fingerprint of the data | ${run.datasetFingerprint} |`)
    expect(whole).toContain(`| SHA-256 of its weights | ${readJob(run.folder).model.digest} |`)
    expect(whole).toContain('| **Trained prompts** | 75.0 % | 75.0 % | 10 |')
    expect(whole).toContain('at least 10 times')
    expect(whole).toContain('with \\*stars\\*')
    expect(whole).toMatch(/\| program \| DPL Studio \d/)
    expect(whole).not.toContain('| device | not known |')
  })

  test('is estimated at once, from what was measured where there is something', async () => {
    const { api } = workshop.start()
    const request = await prepare(api)
    expect(await api.request('runs/estimate', request)).toMatchObject({ basis: 'modelled', offers: [] })
    await endOf(api, (await api.request('runs/start', request)).id)
    const measured = await api.request('runs/estimate', request)
    expect(measured.basis).toBe('measured')
    expect(measured.searchSeconds).toBeGreaterThan(0)
    expect(measured.freeDiskBytes).toBeGreaterThan(measured.diskBytes)
  })

  test('follows its pictures to where their dataset was found again', async () => {
    const { api } = workshop.start()
    const { folder } = await finished(api)
    const { dataset } = readJob(folder)
    const split = { seed: 1, shots: 2, train: dataset.train, searchTrain: [], alpha: [], validation: [] }
    writeFileSync(runFiles(folder).split, JSON.stringify(split))
    const moved = join(workshop.folder, 'elsewhere', 'pictures')
    mkdirSync(join(workshop.folder, 'elsewhere'))
    renameSync(dataset.root!, moved)
    const before = dataset.test[0]!.path
    const after = before.replace(dataset.root!, moved)
    expect(presentPath(dataset, before, moved)).toBe(after)
    expect(presentPath(dataset, before, undefined)).toBe(before)
    followPictures(folder, moved)
    expect(readJob(folder).dataset).toMatchObject({ root: moved, fingerprint: dataset.fingerprint })
    expect(readJob(folder).dataset.test[0]).toEqual({ ...dataset.test[0], path: after })
    expect(readFileSync(runFiles(folder).split, 'utf8')).not.toContain(before.slice(0, -5))
  })
})

describe('a run that failed', () => {
  test('goes on with fewer images at a time and a lower rate, keeps its epochs, and says so', async () => {
    const { api, app } = workshop.start({ mode: 'crash' })
    const { id } = await api.request('runs/start', await prepare(api, 3))
    expect(await endOf(api, id)).toMatchObject({ status: 'failed' })
    const before = await api.request('runs/epochs', { id })
    await app.dispose()
    const { api: next } = workshop.start()
    await next.request('runs/resume', { id, adjustment: { batchSize: 2, learningRate: 0.001 } })
    const run = await endOf(next, id)
    expect(run).toMatchObject({
      status: 'finished',
      config: { search: { batchSize: 2, learningRate: 0.001 }, train: { batchSize: 2 } },
      notes: expect.stringContaining('Resumed with at most 2 images at a time') as string,
    })
    expect(readJob(run.folder).config).toEqual(run.config)
    expect((await next.request('runs/epochs', { id })).slice(0, before.length)).toEqual(before)
  })
})

describe('exports', () => {
  test('go into a new folder below a chosen one, and are listed over all runs', async () => {
    const { api } = workshop.start()
    const { id } = await api.request('runs/start', { ...(await prepare(api)), name: 'My Flowers' })
    await endOf(api, id)
    const into = join(workshop.folder, 'shared')
    const write = async () =>
      (await outcomeOf(api, api.request('runs/export', { id, into }), 'export')).export
    expect((await write()).folder).toBe(join(into, 'my-flowers'))
    expect((await write()).folder).toBe(join(into, 'my-flowers-2'))
    expect((await api.request('exports/list', {})).map(({ folder }) => folder)).toEqual([
      join(into, 'my-flowers'),
      join(into, 'my-flowers-2'),
    ])
  })
})

describe('predictions', () => {
  test('are remembered, with how far they came, also by the next program', async () => {
    const { api, app } = workshop.start()
    const { id } = await api.request('runs/start', await prepare(api))
    await endOf(api, id)
    const csv = join(workshop.folder, 'answers.csv')
    const paths = [join(workshop.folder, 'pictures')]
    const input = { source: id, paths, csv }
    await outcomeOf(api, api.request('predictions/start', input), 'predict')
    const [record] = await api.request('predictions/recent', {})
    expect(record).toMatchObject({ ...input, done: 20, total: 20, state: 'finished', top: 5 })
    await app.dispose()
    const file = join(workshop.data, 'predictions.json')
    writeFileSync(file, JSON.stringify([{ ...record, done: 7, state: 'running' }]))
    const { api: next } = workshop.start()
    expect(await next.request('predictions/recent', {})).toMatchObject([{ state: 'interrupted', done: 7 }])
  })

  test('that fail or are cancelled say so', async () => {
    const { api } = workshop.start({ epochMs: 60_000 })
    const { model } = await outcomeOf(
      api,
      api.request('models/import', { path: workshop.model }),
      'model-import',
    )
    const exported = join(workshop.folder, 'exported')
    mkdirSync(exported)
    writeFileSync(join(exported, 'config.json'), JSON.stringify({ model: { digest: model.digest } }))
    const start = (paths: string[]) => api.request('predictions/start', { source: exported, paths })
    await outcomeOf(api, start([join(workshop.folder, 'nothing')]), 'predict').catch(() => undefined)
    const task = await start([await workshop.pictures()])
    expect((await api.request('tasks/list', {})).map(({ status }) => status)).toEqual([
      'finished',
      'failed',
      'running',
    ])
    await api.request('tasks/cancel', { id: task.id })
    await outcomeOf(api, Promise.resolve(task), 'predict').catch(() => undefined)
    const recent = await api.request('predictions/recent', {})
    expect(recent.map(({ state }) => state)).toEqual(['cancelled', 'failed'])
  })
})

test('answers of a run lie beside its other files', async () => {
  const { api } = workshop.start()
  const { id } = await api.request('runs/start', await prepare(api))
  const { folder } = await endOf(api, id)
  expect(readFileSync(answersFile(folder, 'zero-shot'), 'utf8').split('\n')[0]).toMatch(
    /^path,label,predicted,/,
  )
})
