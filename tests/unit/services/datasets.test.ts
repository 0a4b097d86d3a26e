import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Api } from '#shared/contract'
import type { Dataset, ImageItem } from '#shared/schemas/dataset'
import type { DatasetEdit } from '#shared/schemas/dataset-edit'
import { drawFewShot } from '#main/engine/data/few-shot'
import { RunJob, runFiles } from '#main/run-folder'
import { createWorkshop, endOf, outcomeOf, writePicture, type Workshop } from '../../support/application.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = createWorkshop()
})
afterEach(() => workshop.end())

const fractions = { train: 0.5, validation: 0.25, test: 0.25 }
const importFolder = async (api: Api, path: string) =>
  (await outcomeOf(api, api.request('datasets/import', { path, fractions }), 'dataset-import')).dataset
const importModel = async (api: Api, path = workshop.model) =>
  (await outcomeOf(api, api.request('models/import', { path }), 'model-import')).model
const inspect = (api: Api, path: string) => {
  const task = api.request('datasets/inspect', { path, fractions })
  return Promise.all([task, outcomeOf(api, task, 'dataset-inspect')])
}
const edit = (api: Api, { id }: Dataset, change: DatasetEdit) =>
  api.request('datasets/edit', { id, edit: change })
const pathsOf = async (api: Api, filter: Parameters<typeof imagesOf>[1]) =>
  (await imagesOf(api, filter)).map(({ path }) => path)
function imagesOf(api: Api, filter: Omit<Parameters<typeof api.request<'datasets/images'>>[1], 'id'>) {
  return api.request('datasets/images', { id: 'pictures', ...filter })
}

describe('an inspection', () => {
  test('finds what an import would, stores nothing, and becomes a dataset when asked to', async () => {
    const { api } = workshop.start()
    const path = await workshop.pictures()
    const [task, found] = await inspect(api, path)
    expect(found).toMatchObject({ known: null, dataset: { name: 'pictures', root: path } })
    expect(await api.request('datasets/list', {})).toEqual([])
    const preview = await api.request('datasets/preview-inspection', { inspection: task.id })
    expect(preview.counts).toEqual(found.dataset.counts)
    const dataset = await api.request('datasets/add', { inspection: task.id, name: 'My pets' })
    expect(dataset).toMatchObject({ id: 'my-pets', name: 'My pets', fingerprint: found.dataset.fingerprint })
    expect(await api.request('datasets/list', {})).toEqual([dataset])
    await expect(api.request('datasets/add', { inspection: task.id, name: 'Again' })).rejects.toMatchObject({
      code: 'not-found',
    })
    expect((await inspect(api, path))[1].known).toBe('my-pets')
  })

  test('can be split another way before it is added', async () => {
    const { api } = workshop.start()
    const [{ id: inspection }] = await inspect(api, await workshop.pictures())
    const split = { seed: 3, fractions: { train: 0.8, validation: 0.1, test: 0.1 } }
    const preview = await api.request('datasets/preview-inspection', { inspection, split })
    const dataset = await api.request('datasets/add', { inspection, name: 'Pets', split })
    expect(dataset.counts).toEqual(preview.counts)
    expect(dataset.split).toEqual({ origin: 'seeded', ...split })
  })

  test('is forgotten when three others came after it', async () => {
    const { api } = workshop.start()
    const path = await workshop.pictures()
    const [{ id: inspection }] = await inspect(api, path)
    for (let more = 0; more < 3; more++) await inspect(api, path)
    await expect(api.request('datasets/preview-inspection', { inspection })).rejects.toMatchObject({
      code: 'not-found',
    })
  })
})

describe('an edit', () => {
  test('is told of, kept, taken back and done again, also by the next program and a new index', async () => {
    const { api, app } = workshop.start()
    const before = await importFolder(api, await workshop.pictures(10, ['cat', 'dog', 'eel']))
    const told: (string | null)[] = []
    api.on('dataset/changed', ({ history }) => told.push(history.undo))
    await edit(api, before, { kind: 'rename-class', label: 1, name: 'hound' })
    await edit(api, before, { kind: 'exclude-images', paths: ['cat/0.png', 'cat/1.png', 'cat/2.png'] })
    const edited = await edit(api, before, { kind: 'merge-classes', labels: [2], into: 0 })
    expect(told).toEqual(['rename class dog to hound', 'exclude 3 images', 'merge class eel into cat'])
    await app.dispose()

    const { api: next } = workshop.start()
    expect(await next.request('datasets/get', { id: before.id })).toEqual(edited)
    await outcomeOf(next, next.request('index/rebuild', {}), 'reindex')
    expect(await next.request('datasets/get', { id: before.id })).toEqual(edited)
    expect(await pathsOf(next, { label: 0 })).toHaveLength(17)

    const undo = () => next.request('datasets/undo', { id: before.id })
    const redo = () => next.request('datasets/redo', { id: before.id })
    expect((await undo()).history).toEqual({ undo: 'exclude 3 images', redo: 'merge class eel into cat' })
    await undo()
    const all = await undo()
    expect({ ...all, history: before.history }).toEqual(before)
    expect(await pathsOf(next, {})).toHaveLength(30)
    await expect(undo()).rejects.toMatchObject({ code: 'invalid-input' })
    await redo()
    await redo()
    expect(await redo()).toEqual(edited)
    await expect(redo()).rejects.toMatchObject({ code: 'invalid-input' })
  })

  test('drops what was undone; one that changes nothing or is refused leaves all as it is', async () => {
    const { api } = workshop.start()
    const dataset = await importFolder(api, await workshop.pictures(10, ['cat', 'dog', 'eel']))
    const renamed = (name: string) => edit(api, dataset, { kind: 'rename-class', label: 0, name })
    await renamed('tom')
    await api.request('datasets/undo', { id: dataset.id })
    const file = join(workshop.data, 'datasets', 'pictures.edits')
    const [history, before] = [
      readFileSync(file, 'utf8'),
      await api.request('datasets/get', { id: dataset.id }),
    ]
    expect(await renamed('cat')).toEqual(before)
    await expect(renamed('dog')).rejects.toMatchObject({ code: 'invalid-input' })
    expect(readFileSync(file, 'utf8')).toBe(history)
    expect((await renamed('puss')).history).toEqual({ undo: 'rename class cat to puss', redo: null })
  })

  test('is not in the index when it cannot be written', async () => {
    const { api } = workshop.start()
    const dataset = await importFolder(api, await workshop.pictures())
    mkdirSync(join(workshop.data, 'datasets', 'pictures.edits'))
    await expect(edit(api, dataset, { kind: 'exclude-images', paths: ['cat/0.png'] })).rejects.toThrow()
    rmSync(join(workshop.data, 'datasets', 'pictures.edits'), { recursive: true })
    expect(await api.request('datasets/get', { id: dataset.id })).toEqual(dataset)
    expect(await pathsOf(api, {})).toHaveLength(20)
  })

  test('survives when the same pictures are imported again', async () => {
    const { api } = workshop.start()
    const path = await workshop.pictures()
    const dataset = await importFolder(api, path)
    const edited = await edit(api, dataset, { kind: 'exclude-images', paths: ['cat/0.png'] })
    const again = await outcomeOf(api, api.request('datasets/import', { path, fractions }), 'dataset-import')
    expect(again).toMatchObject({ known: true, dataset: { id: dataset.id, fingerprint: edited.fingerprint } })
  })

  test('reaches the runs: what is left out is neither drawn nor checked nor tested', async () => {
    const { api } = workshop.start()
    const path = await workshop.pictures()
    const dataset = await importFolder(api, path)
    const model = await importModel(api)
    const gone = (await imagesOf(api, { split: 'test', label: 0 }))[0]!.path
    await edit(api, dataset, { kind: 'exclude-images', paths: [gone] })
    rmSync(join(path, gone))
    const config = { shots: 2, search: { epochs: 1 }, train: { epochs: 1 } }
    const request = { kind: 'search-and-train', datasetId: dataset.id, modelId: model.id, config } as const
    const run = await endOf(api, (await api.request('runs/start', request)).id)
    expect(run.status).toBe('finished')
    expect(readFileSync(runFiles(run.folder).job, 'utf8')).not.toContain(gone)
  })

  test('is exported and imported as a CoOp split file without a change of meaning', async () => {
    const { api } = workshop.start()
    const path = await workshop.pictures(10, ['cat', 'dog', 'eel'])
    const dataset = await importFolder(api, path)
    await edit(api, dataset, { kind: 'exclude-class', label: 0 })
    const edited = await edit(api, dataset, { kind: 'move-images', paths: ['eel/3.png'], label: 0 })
    const file = join(workshop.folder, 'split.json')
    await api.request('datasets/write-coop-split', { id: dataset.id, path: file })
    const again = await outcomeOf(
      api,
      api.request('datasets/import', { path: file, imageRoot: path }),
      'dataset-import',
    )
    expect(again.dataset).toMatchObject({ fingerprint: edited.fingerprint, counts: edited.counts })
  })
})

describe('images', () => {
  test('come by class, split, problem, part of the path, and left out or not', async () => {
    const { api } = workshop.start()
    const root = await workshop.pictures(6, ['cat', 'Ärger'])
    cpSync(join(root, 'cat', '0.png'), join(root, 'cat', 'copy.png'))
    const dataset = await importFolder(api, root)
    await edit(api, dataset, { kind: 'exclude-images', paths: ['cat/3.png'] })
    expect(await pathsOf(api, { excluded: true })).toEqual(['cat/3.png'])
    expect(await pathsOf(api, {})).not.toContain('cat/3.png')
    expect(await pathsOf(api, { problem: 'duplicate' })).toEqual(['cat/0.png', 'cat/copy.png'])
    expect(await pathsOf(api, { search: 'äRGER/1' })).toEqual(['Ärger/1.png'])
    const count = (filter: object) => api.request('datasets/count-images', { id: dataset.id, ...filter })
    expect(await count({})).toBe(12)
    expect(await count({ search: 'copy' })).toBe(1)
    expect(await count({ excluded: true, label: 1 })).toBe(0)
    const train = (await api.request('datasets/get', { id: dataset.id })).counts.train
    expect(await count({ split: 'train' })).toBe(train)
    expect(await imagesOf(api, { offset: 3, limit: 4 })).toEqual((await imagesOf(api, {})).slice(3, 7))
  })

  test('of a few-shot draw are those that a run learns from, image by image', async () => {
    const { api } = workshop.start()
    const dataset = await importFolder(api, await workshop.pictures(12, ['cat', 'dog', 'eel']))
    await edit(api, dataset, { kind: 'exclude-images', paths: ['cat/0.png', 'dog/4.png'] })
    await edit(api, dataset, { kind: 'resplit', seed: 4, fractions })
    const model = await importModel(api)
    const draw = { seed: 3, shots: 4, validationShots: 2 }
    const config = { ...draw, search: { epochs: 1 }, train: { epochs: 1 } }
    const request = { kind: 'search-and-train', datasetId: dataset.id, modelId: model.id, config } as const
    const { folder } = await api.request('runs/start', request)
    const job = RunJob.parse(JSON.parse(readFileSync(runFiles(folder).job, 'utf8')))
    const { train, validation } = job.dataset
    const wanted = drawFewShot({ train, validation, ...draw })
    const drawn = await api.request('datasets/few-shot', { id: dataset.id, ...draw })
    const absolute = (items: ImageItem[]) =>
      items.map(({ path, label }) => ({ path: join(dataset.root, path), label }))
    expect(absolute(drawn.train)).toEqual(wanted.train)
    expect(absolute(drawn.validation)).toEqual(wanted.validation)
    expect(drawn.short).toEqual([])

    const many = await api.request('datasets/few-shot', {
      id: dataset.id,
      seed: 3,
      shots: 50,
      validationShots: 0,
    })
    expect(many.short).toHaveLength(3)
    expect(many.validation).toEqual([])
    expect(many.train).toHaveLength((await api.request('datasets/get', { id: dataset.id })).counts.train)
  })
})

describe('wordings', () => {
  test('are tested by the engine, on images that are there, with one text per class', async () => {
    const { api } = workshop.start()
    const dataset = await importFolder(api, await workshop.pictures())
    const model = await importModel(api)
    const ask = (prompts: string[], split: 'validation' | 'test' = 'validation') =>
      api.request('datasets/test-wording', {
        ...{ id: dataset.id, modelId: model.id, split },
        wordings: [
          { template: '{}', prompts },
          { template: 'a {}', prompts },
        ],
      })
    expect((await outcomeOf(api, ask(['cat', 'dog']), 'wording')).evaluations).toHaveLength(2)
    await expect(ask(['cat'])).rejects.toMatchObject({ code: 'invalid-input' })
    await edit(api, dataset, {
      kind: 'resplit',
      seed: 1,
      fractions: { train: 0.8, validation: 0.2, test: 0 },
    })
    await expect(ask(['cat', 'dog'], 'test')).rejects.toMatchObject({ code: 'invalid-input' })
  })
})

describe('pictures that were moved', () => {
  test('are found below another folder, by their content, and a paused run goes on with them', async () => {
    const { api } = workshop.start({ epochMs: 60 })
    const old = await workshop.pictures()
    const dataset = await importFolder(api, old)
    const model = await importModel(api)
    const config = { shots: 2, search: { epochs: 3 }, train: { epochs: 3 } }
    const request = { kind: 'search-and-train', datasetId: dataset.id, modelId: model.id, config } as const
    const { id } = await api.request('runs/start', request)
    const paused = new Promise<void>((resolve) => {
      api.on(
        'run/epoch',
        () => void api.request('runs/interrupt', { id, how: 'pause' }).catch(() => undefined),
      )
      api.on('run/changed', ({ status }) => status === 'paused' && resolve())
    })
    await paused
    const moved = join(workshop.folder, 'elsewhere', 'pets')
    mkdirSync(join(workshop.folder, 'elsewhere'))
    renameSync(old, moved)
    const relink = (root: string) =>
      outcomeOf(api, api.request('datasets/relink', { id: dataset.id, root }), 'dataset-relink')
    const linked = await relink(moved)
    expect(linked).toMatchObject({ found: 20, missing: [], different: [] })
    expect(linked.dataset).toEqual({ ...dataset, root: moved, importedFrom: moved })
    expect((await api.request('datasets/find', { path: moved }))?.id).toBe(dataset.id)
    await api.request('runs/resume', { id })
    const run = await endOf(api, id)
    expect(run.error).toBeNull()
    const job = RunJob.parse(JSON.parse(readFileSync(runFiles(run.folder).job, 'utf8')))
    expect(job.dataset.train.every(({ path }) => existsSync(path))).toBe(true)
  })

  test('and partly lost or changed are told; the folder counts when one of them is the same', async () => {
    const { api } = workshop.start()
    const old = await workshop.pictures()
    const dataset = await importFolder(api, old)
    const edited = await edit(api, dataset, { kind: 'rename-class', label: 0, name: 'tom' })
    const copy = join(workshop.folder, 'copy')
    cpSync(old, copy, { recursive: true })
    rmSync(join(copy, 'cat', '1.png'))
    await writePicture(join(copy, 'dog', '2.png'), 4711)
    const relink = (root: string) =>
      outcomeOf(api, api.request('datasets/relink', { id: dataset.id, root }), 'dataset-relink')
    const linked = await relink(copy)
    expect(linked).toMatchObject({ found: 18, missing: ['cat/1.png'], different: ['dog/2.png'] })
    expect(linked.dataset).toMatchObject({
      root: copy,
      fingerprint: edited.fingerprint,
      history: edited.history,
    })

    const none = join(workshop.folder, 'none')
    mkdirSync(none)
    await expect(relink(none)).rejects.toMatchObject({ code: 'not-found' })
    mkdirSync(join(none, 'cat'))
    writeFileSync(join(none, 'cat', '1.png'), 'something else')
    await expect(relink(none)).rejects.toMatchObject({ code: 'dataset-changed' })
    expect((await api.request('datasets/get', { id: dataset.id })).root).toBe(copy)
  })
})

test('files of programs without edits are read', async () => {
  const { api, app } = workshop.start()
  const dataset = await importFolder(api, await workshop.pictures())
  await app.dispose()
  const file = join(workshop.data, 'datasets', 'pictures.json')
  const stored = JSON.parse(readFileSync(file, 'utf8')) as { dataset: Record<string, unknown> }
  for (const key of ['template', 'excluded', 'history']) Reflect.deleteProperty(stored.dataset, key)
  writeFileSync(file, JSON.stringify(stored))
  const { api: next } = workshop.start()
  await outcomeOf(next, next.request('index/rebuild', {}), 'reindex')
  expect(await next.request('datasets/get', { id: dataset.id })).toEqual(dataset)
})
