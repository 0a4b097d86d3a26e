import { existsSync, readFileSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Api } from '#shared/contract'
import type { Run, RunRequest } from '#shared/schemas/run-record'
import { openDatabase } from '#main/db/database'
import { runFiles } from '#main/run-folder'
import { createWorkshop, endOf, outcomeOf, writePicture, type Workshop } from '../../support/application.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = createWorkshop()
})
afterEach(() => workshop.end())

const fractions = { train: 0.5, validation: 0.25, test: 0.25 }

async function importPictures(api: Api, path: string) {
  return await outcomeOf(api, api.request('datasets/import', { path, fractions }), 'dataset-import')
}

async function importModel(api: Api) {
  return (await outcomeOf(api, api.request('models/import', { path: workshop.model }), 'model-import')).model
}

/** What a short run needs, with data and CLIP imported. */
async function prepare(api: Api, changes: { epochs?: number; kind?: RunRequest['kind'] } = {}) {
  const { dataset } = await importPictures(api, await workshop.pictures())
  const model = await importModel(api)
  const { epochs = 2, kind = 'search-and-train' } = changes
  return {
    kind,
    datasetId: dataset.id,
    modelId: model.id,
    config: { shots: 2, search: { epochs }, train: { epochs } },
  }
}

const epochNames = async (api: Api, id: string) =>
  (await api.request('runs/epochs', { id })).map(({ stage, epoch }) => `${stage} ${epoch}`)

describe('datasets', () => {
  test('are imported with progress, stored, listed, and told of', async () => {
    const { api } = workshop.start()
    const told: string[] = []
    api.on('task/progress', ({ message }) => told.push(message))
    api.on('dataset/changed', ({ name }) => told.push(name))
    const { dataset, known } = await importPictures(api, await workshop.pictures())
    expect(known).toBe(false)
    expect(dataset).toMatchObject({ id: 'pictures', counts: { train: 10, validation: 4, test: 6 } })
    expect(await api.request('datasets/list', {})).toEqual([dataset])
    expect(told).toContain('Checking images')
    expect(told).toContain('pictures')
    expect(await api.request('datasets/images', { id: 'pictures', label: 1, split: 'test' })).toHaveLength(3)
  })

  test('keep their id when the same data is imported again, and get another when it has changed', async () => {
    const { api } = workshop.start()
    const path = await workshop.pictures()
    const first = await importPictures(api, path)
    const second = await importPictures(api, path)
    expect(second.known).toBe(true)
    expect(second.dataset.id).toBe(first.dataset.id)
    await writePicture(join(path, 'cat', 'new.png'), 77)
    const third = await importPictures(api, path)
    expect(third).toMatchObject({ known: false, dataset: { id: 'pictures-2' } })
    expect(await api.request('datasets/find', { path })).toMatchObject({ id: 'pictures-2' })
  })

  test('can be split anew after a look at what that would give', async () => {
    const { api } = workshop.start()
    await importPictures(api, await workshop.pictures())
    const request = { id: 'pictures', seed: 2, fractions: { train: 0.8, validation: 0.1, test: 0.1 } }
    const preview = await api.request('datasets/preview-split', request)
    expect((await api.request('datasets/get', { id: 'pictures' })).counts).not.toEqual(preview.counts)
    expect((await api.request('datasets/resplit', request)).counts).toEqual(preview.counts)
    const path = join(workshop.folder, 'split.json')
    await api.request('datasets/write-coop-split', { id: 'pictures', path })
    expect(JSON.parse(readFileSync(path, 'utf8'))).toHaveProperty('train')
  })

  test('notice that files have changed', async () => {
    const { api } = workshop.start()
    const path = await workshop.pictures()
    await importPictures(api, path)
    unlinkSync(join(path, 'cat', '0.png'))
    await writePicture(join(path, 'dog', '1.png'), 99)
    const check = await outcomeOf(api, api.request('datasets/check', { id: 'pictures' }), 'dataset-check')
    expect(check).toMatchObject({ unchanged: false, changed: ['dog/1.png'], missing: ['cat/0.png'] })
  })

  test('an import can be cancelled', async () => {
    const { api } = workshop.start()
    const task = await api.request('datasets/import', { path: await workshop.pictures() })
    await api.request('tasks/cancel', { id: task.id })
    await expect(outcomeOf(api, Promise.resolve(task), 'dataset-import')).rejects.toMatchObject({
      code: 'run-cancelled',
    })
    expect(await api.request('datasets/list', {})).toEqual([])
  })
})

describe('models', () => {
  test('are registered in place and verified by their digest', async () => {
    const { api } = workshop.start()
    const model = await importModel(api)
    expect(model).toMatchObject({ id: 'clip', path: workshop.model })
    const verify = () => outcomeOf(api, api.request('models/verify', { id: 'clip' }), 'model-verify')
    expect((await verify()).passed).toBe(true)
    writeFileSync(join(workshop.model, 'weights'), 'other weights')
    expect((await verify()).passed).toBe(false)
  })

  test('include the starter, also after it was replaced by a better one', async () => {
    const { api } = workshop.start()
    const register = () => outcomeOf(api, api.request('models/import-starter', {}), 'model-import')
    const { model: before } = await register()
    writeFileSync(join(workshop.model, 'weights'), 'better weights')
    const { model: after } = await register()
    expect([before.id, after.id]).toEqual(['starter', 'starter'])
    expect(after.digest).not.toBe(before.digest)
    expect(await api.request('models/list', {})).toHaveLength(1)
  })

  test('that are none are refused', async () => {
    const { api } = workshop.start()
    const path = workshop.folder
    await expect(
      outcomeOf(api, api.request('models/import', { path }), 'model-import'),
    ).rejects.toMatchObject({ code: 'bad-file' })
  })
})

describe('runs', () => {
  test('are stored first and announced then, epoch by epoch, to their end', async () => {
    const { api } = workshop.start()
    const request = await prepare(api)
    const heard: string[] = []
    api.on('run/epoch', ({ report }) => heard.push(`${report.stage} ${report.epoch}`))
    api.on('run/changed', ({ status }) => heard.push(status))
    const started = await api.request('runs/start', request)
    const run = await endOf(api, started.id)
    const epochs = ['search 0', 'search 1', 'search 2', 'train 1', 'train 2']
    expect(run).toMatchObject({ status: 'finished', zeroShotAccuracy: 0.5, accuracy: 0.75, error: null })
    expect(run.contextLengths).toEqual({ text: [0, 4], image: [2, 6] })
    expect(await epochNames(api, run.id)).toEqual(epochs)
    expect(heard).toEqual(['queued', 'running', ...epochs, 'finished'])
    expect((await api.request('runs/result', { id: run.id })).dpl?.confusion).toBeDefined()
    expect(
      await api.request('runs/epochs', { id: run.id, after: { stage: 'train', epoch: 1 } }),
    ).toHaveLength(1)
  })

  test('have all they need in their folder', async () => {
    const { api } = workshop.start()
    const { id, folder } = await api.request('runs/start', await prepare(api))
    expect(id).toMatch(/^\d{8}-\d{4}-pictures-[a-z0-9]{4}$/)
    const job = JSON.parse(readFileSync(runFiles(folder).job, 'utf8')) as {
      dataset: { train: { path: string }[] }
    }
    expect(job).toMatchObject({ runId: id, model: { path: workshop.model }, config: { shots: 2 } })
    expect(job.dataset.train.every(({ path }) => existsSync(path))).toBe(true)
    await endOf(api, id)
    expect(JSON.parse(readFileSync(runFiles(folder).state, 'utf8'))).toMatchObject({ status: 'finished' })
  })

  test('with more shots than a class has images are refused, with a remedy', async () => {
    const { api } = workshop.start()
    const request = await prepare(api)
    await expect(
      api.request('runs/start', { ...request, config: { ...request.config, shots: 6 } }),
    ).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('"cat" of pictures has 5 training images') as string,
      hint: expect.stringContaining('--shots 5') as string,
    })
    expect(await api.request('runs/list', {})).toEqual([])
  })

  test('that only train need context lengths that fit the CLIP', async () => {
    const { api } = workshop.start()
    const request = await prepare(api, { kind: 'train' })
    await expect(api.request('runs/plan', request)).rejects.toMatchObject({ code: 'invalid-input' })
    const lengths = (text: number[]) => ({
      ...request,
      config: { ...request.config, train: { epochs: 2, contextLengths: { text, image: [0, 2] } } },
    })
    await expect(api.request('runs/plan', lengths([1, 2, 3]))).rejects.toThrow('2 layers in its text branch')
    expect(await api.request('runs/plan', lengths([1, 2]))).toMatchObject({ searchSpace: 1 })
  })

  test('can be planned without being started', async () => {
    const { api } = workshop.start()
    const plan = await api.request('runs/plan', await prepare(api))
    expect(plan).toMatchObject({
      searchSpace: 4 ** 4,
      config: { search: { epochs: 2 } },
      model: { layers: 2 },
    })
    expect(await api.request('runs/list', {})).toEqual([])
    const request = await prepare(api)
    const config = {
      ...request.config,
      search: { ...request.config.search, epochs: 3, alphaFrozenEpochs: 4 },
    }
    const frozen = { ...request, config }
    expect((await api.request('runs/plan', frozen)).warnings).toContainEqual(
      expect.stringContaining('by chance'),
    )
  })

  test('pause and go on where they were, without doubled epochs', async () => {
    const { api } = workshop.start({ epochMs: 40 })
    const { id } = await api.request('runs/start', await prepare(api, { epochs: 4 }))
    await expect.poll(() => epochNames(api, id)).toContain('search 1')
    await api.request('runs/interrupt', { id, how: 'pause' })
    expect(await endOf(api, id)).toMatchObject({ status: 'paused', error: null })
    expect((await epochNames(api, id)).length).toBeLessThan(9)
    await api.request('runs/resume', { id })
    expect(await endOf(api, id)).toMatchObject({ status: 'finished' })
    expect(await epochNames(api, id)).toHaveLength(5 + 4)
    await expect(api.request('runs/resume', { id })).rejects.toThrow('nothing to resume')
  })

  test('go on with the training when the search is stopped early', async () => {
    const { api } = workshop.start({ epochMs: 40 })
    const { id } = await api.request('runs/start', await prepare(api, { epochs: 8 }))
    await expect.poll(() => epochNames(api, id)).toContain('search 1')
    await api.request('runs/interrupt', { id, how: 'pause' })
    await endOf(api, id)
    await api.request('runs/resume', { id, stopSearch: true })
    expect(await endOf(api, id)).toMatchObject({ status: 'finished' })
    const epochs = await epochNames(api, id)
    expect(epochs).not.toContain('search 8')
    expect(epochs).toContain('train 8')
  })

  test('that are cancelled or killed keep what they have', async () => {
    const { api } = workshop.start({ epochMs: 40 })
    const request = await prepare(api, { epochs: 50 })
    for (const [how, status] of [
      ['cancel', 'cancelled'],
      ['kill', 'paused'],
    ] as const) {
      const { id } = await api.request('runs/start', request)
      await expect.poll(() => epochNames(api, id)).toContain('search 1')
      await api.request('runs/interrupt', { id, how })
      expect(await endOf(api, id)).toMatchObject({ status, error: null })
      expect((await epochNames(api, id)).length).toBeGreaterThan(1)
    }
  })

  test('of a crashed engine say so and can be resumed', async () => {
    const { api, app } = workshop.start({ mode: 'crash' })
    const { id } = await api.request('runs/start', await prepare(api))
    const run = await endOf(api, id)
    expect(run).toMatchObject({ status: 'failed', error: { code: 'engine-unavailable' } })
    expect(run.error?.hint).toContain(`dplstudio resume ${id}`)
    expect(await epochNames(api, id)).toEqual(['search 0', 'search 1'])
    await app.dispose()
    const { api: next } = workshop.start()
    await next.request('runs/resume', { id })
    expect(await endOf(next, id)).toMatchObject({ status: 'finished', error: null })
    expect(await epochNames(next, id)).toHaveLength(5)
  })

  test('stop before they begin when their pictures have changed', async () => {
    const { api } = workshop.start()
    const request = await prepare(api)
    await writePicture(join(workshop.folder, 'pictures', 'dog', '1.png'), 99)
    const { id } = await api.request('runs/start', request)
    expect(await endOf(api, id)).toMatchObject({ status: 'failed', error: { code: 'dataset-changed' } })
  })

  test('end, and the program does not, when what they tell cannot be stored', async () => {
    const { api } = workshop.start({ epochMs: 40 })
    const { id } = await api.request('runs/start', await prepare(api, { epochs: 50 }))
    await expect.poll(() => epochNames(api, id)).toContain('search 1')
    const db = openDatabase(join(workshop.data, 'index.sqlite'))
    db.exec('DROP TABLE run_epochs')
    db.close()
    const heard = new Promise<Run>((resolve) => {
      api.on('run/changed', (run) => {
        if (run.error !== null) resolve(run)
      })
    })
    expect((await heard).error?.message).toContain('no such table')
  })

  test('wait for each other', async () => {
    const { api } = workshop.start({ epochMs: 20 })
    const request = await prepare(api, { epochs: 3 })
    const [one, two] = [await api.request('runs/start', request), await api.request('runs/start', request)]
    await expect.poll(async () => (await api.request('runs/get', { id: one.id })).status).toBe('running')
    expect((await api.request('runs/get', { id: two.id })).status).toBe('queued')
    expect(await endOf(api, two.id)).toMatchObject({ status: 'finished' })
    expect((await api.request('runs/list', {})).map(({ id }) => id).sort()).toEqual([one.id, two.id].sort())
  })

  test('are deleted with their folder', async () => {
    const { api } = workshop.start()
    const { id, folder } = await api.request('runs/start', await prepare(api))
    await expect(api.request('runs/delete', { id })).rejects.toThrow('is running')
    await endOf(api, id)
    await api.request('runs/delete', { id })
    expect(existsSync(folder)).toBe(false)
    await expect(api.request('runs/get', { id })).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('trained prompts', () => {
  async function trained(api: Api) {
    const { id } = await api.request('runs/start', await prepare(api))
    await endOf(api, id)
    return id
  }

  test('are scored, exported and verified in another process', async () => {
    const { api } = workshop.start()
    const id = await trained(api)
    const scored = await outcomeOf(api, api.request('runs/evaluate', { id }), 'evaluate')
    expect(scored.evaluation.accuracy).toBe(0.9)
    const { export: record } = await outcomeOf(api, api.request('runs/export', { id }), 'export')
    expect(record.folder).toBe(join(workshop.data, 'exports', id))
    for (const source of [id, record.folder]) {
      const { verification } = await outcomeOf(api, api.request('exports/verify', { source }), 'verify')
      expect(verification.passed).toBe(true)
    }
    const again = await outcomeOf(api, api.request('runs/export', { id }), 'export')
    expect(again.export.folder).toBe(`${record.folder}-2`)
    expect(await api.request('runs/exports', { id })).toHaveLength(2)
    await expect(api.request('runs/export', { id, folder: record.folder })).rejects.toThrow('not empty')
  })

  test('do not exist before the training', async () => {
    const { api } = workshop.start()
    const { id } = await api.request('runs/start', await prepare(api, { kind: 'search' }))
    await endOf(api, id)
    await expect(api.request('runs/export', { id })).rejects.toMatchObject({
      hint: expect.stringContaining(`train --from ${id}`) as string,
    })
    await expect(api.request('exports/verify', { source: id })).rejects.toMatchObject({ code: 'not-found' })
  })

  test('classify single pictures and folders', async () => {
    const { api } = workshop.start()
    const source = await trained(api)
    const pictures = join(workshop.folder, 'pictures')
    writeFileSync(join(pictures, 'notes.txt'), 'not a picture')
    const predict = (paths: string[]) =>
      outcomeOf(api, api.request('predictions/start', { source, paths }), 'predict')
    const { predictions } = await predict([pictures, join(pictures, 'cat', '0.png')])
    expect(predictions).toHaveLength(20)
    expect(predictions[0]?.path).toBe(join(pictures, 'cat', '0.png'))
    await expect(predict([join(pictures, 'nowhere')])).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('the data folder', () => {
  test('has one owner, and others may read meanwhile', async () => {
    const { api } = workshop.start({ epochMs: 30 })
    const { id } = await api.request('runs/start', await prepare(api, { epochs: 5 }))
    expect(() => workshop.start()).toThrow(expect.objectContaining({ code: 'locked' }))
    const { api: reader } = workshop.start({}, { access: 'read' })
    await expect.poll(() => epochNames(reader, id)).toContain('search 1')
    expect((await reader.request('runs/get', { id })).status).toBe('running')
    await endOf(api, id)
  })

  test('of a process that died has its runs paused for whoever comes next', async () => {
    const { api, app } = workshop.start()
    const { id, folder } = await api.request('runs/start', await prepare(api))
    await endOf(api, id)
    await app.dispose()
    const { state, result, epochs } = runFiles(folder)
    writeFileSync(state, JSON.stringify({ status: 'running', startedAt: '2026-01-01T00:00:00Z' }))
    rmSync(result)
    const lines = readFileSync(epochs, 'utf8').split('\n')
    writeFileSync(epochs, `${lines.slice(0, 2).join('\n')}\n{"stage":"sear`)
    rmSync(join(workshop.data, 'index.sqlite'))
    const { api: reader } = workshop.start({}, { access: 'read' })
    expect(await reader.request('runs/get', { id })).toMatchObject({ status: 'paused', accuracy: null })
    expect(await epochNames(reader, id)).toEqual(['search 0', 'search 1'])
  })

  test('without its index makes one of its files', async () => {
    const { api, app } = workshop.start()
    const { id } = await api.request('runs/start', await prepare(api))
    await endOf(api, id)
    await app.dispose()
    for (const name of readdirSync(workshop.data).filter((name) => name.startsWith('index')))
      rmSync(join(workshop.data, name))
    const { api: next } = workshop.start()
    expect((await next.request('datasets/list', {})).map(({ id }) => id)).toEqual(['pictures'])
    expect(await next.request('models/list', {})).toHaveLength(1)
    expect((await next.request('runs/list', {})).map((run) => run.id)).toEqual([id])
  })

  test('rebuilds its index, also a damaged one, from its files', async () => {
    const { api, app } = workshop.start()
    const { id } = await api.request('runs/start', await prepare(api))
    await endOf(api, id)
    await outcomeOf(api, api.request('runs/export', { id }), 'export')
    const everything = async (from: Api) => ({
      runs: await from.request('runs/list', {}),
      epochs: await from.request('runs/epochs', { id }),
      exports: await from.request('runs/exports', { id }),
      datasets: await from.request('datasets/list', {}),
      images: await from.request('datasets/images', { id: 'pictures' }),
      models: await from.request('models/list', {}),
    })
    const before = await everything(api)
    await app.dispose()
    for (const name of readdirSync(workshop.data).filter((name) => name.startsWith('index')))
      writeFileSync(join(workshop.data, name), 'damaged '.repeat(2000))
    expect(() => workshop.start()).toThrow(expect.objectContaining({ code: 'bad-file' }))
    const { api: next } = workshop.start({}, { access: 'rebuild' })
    writeFileSync(join(workshop.data, 'datasets', 'broken.json'), '{')
    const rebuilt = await outcomeOf(next, next.request('index/rebuild', {}), 'reindex')
    expect(rebuilt).toMatchObject({ runs: 1, datasets: 1, models: 1 })
    expect(rebuilt.skipped.map(({ path }) => path)).toEqual([join(workshop.data, 'datasets', 'broken.json')])
    expect(await everything(next)).toEqual(before)
  })
})
