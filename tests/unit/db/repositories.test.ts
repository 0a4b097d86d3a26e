import { beforeEach, describe, expect, test } from 'vitest'
import { openDatabase, type Database } from '#main/db/database'
import { createDatasetsRepository } from '#main/db/datasets-repository'
import { migrations } from '#main/db/migrations'
import { createModelsRepository } from '#main/db/models-repository'
import { createRunsRepository } from '#main/db/runs-repository'
import {
  datasetImages,
  datasetOf,
  evaluation,
  model,
  runRow,
  searchEpoch,
  trainEpoch,
} from '../../support/records.ts'

let db: Database
beforeEach(() => {
  db = openDatabase(':memory:')
})

describe('datasets', () => {
  test('come back as they were stored, images in their order', () => {
    const repository = createDatasetsRepository(db)
    const images = datasetImages(30).reverse()
    const dataset = datasetOf(images)
    repository.save(dataset, images)
    expect(repository.get('pets')).toEqual(dataset)
    expect(repository.list()).toEqual([dataset])
    expect(repository.images('pets')).toEqual(images)
  })

  test('are replaced with all their images', () => {
    const repository = createDatasetsRepository(db)
    repository.save(datasetOf(datasetImages(30)), datasetImages(30))
    repository.save(datasetOf(datasetImages(10), { name: 'Fewer' }), datasetImages(10))
    expect(repository.get('pets').name).toBe('Fewer')
    expect(repository.images('pets')).toHaveLength(10)
  })

  test('give a page of the images of a class and split', () => {
    const repository = createDatasetsRepository(db)
    const images = datasetImages(60)
    repository.save(datasetOf(images), images)
    const wanted = images.filter(({ label, split }) => label === 1 && split === 'train')
    const page = repository.someImages('pets', { label: 1, split: 'train', offset: 2, limit: 3 })
    expect(page).toEqual(wanted.slice(2, 5))
    expect(repository.someImages('pets', { offset: 0, limit: 100 })).toHaveLength(60)
  })

  test('are found by where they came from, the latest first', () => {
    const repository = createDatasetsRepository(db)
    repository.save(datasetOf([], { id: 'old', importedAt: '2025-01-01T00:00:00Z' }), [])
    repository.save(datasetOf([], { id: 'new', importedAt: '2026-01-01T00:00:00Z' }), [])
    expect(repository.findByOrigin('/pictures/pets')?.id).toBe('new')
    expect(repository.findByOrigin('/elsewhere')).toBeNull()
  })

  test('of an index from before there were edits keep what the import gave at their first edit', () => {
    const repository = createDatasetsRepository(db)
    const images = datasetImages(4)
    const dataset = datasetOf(images)
    repository.save(dataset, images)
    db.prepare('UPDATE datasets SET base = NULL').run()
    const renamed = { ...dataset, name: 'Renamed' }
    const places = images.map(({ label, split }) => ({ label, split, excluded: 'no' as const }))
    repository.change({ dataset: renamed, places }, () => undefined)
    expect(repository.get('pets').name).toBe('Renamed')
    expect(repository.base('pets').dataset).toEqual(dataset)
  })

  test('leave nothing behind when they are deleted', () => {
    const repository = createDatasetsRepository(db)
    repository.save(datasetOf(datasetImages(30)), datasetImages(30))
    repository.delete('pets')
    expect(() => repository.get('pets')).toThrow(expect.objectContaining({ code: 'not-found' }))
    expect(db.prepare('SELECT count(*) AS n FROM images').get()).toEqual({ n: 0 })
  })

  test('may have 100,000 images', () => {
    const repository = createDatasetsRepository(db)
    const images = datasetImages(100_000)
    const start = performance.now()
    repository.save(datasetOf([]), images)
    expect(repository.images('pets')).toHaveLength(100_000)
    expect(performance.now() - start).toBeLessThan(10_000)
  })
})

describe('models', () => {
  test('come back as they were stored', () => {
    const repository = createModelsRepository(db)
    repository.save(model)
    repository.save({ ...model, name: 'Renamed' })
    expect(repository.list()).toEqual([{ ...model, name: 'Renamed' }])
    expect(repository.findByPath(model.path)?.id).toBe('tiny')
    expect(repository.findByDigest('nothing')).toBeNull()
    repository.delete('tiny')
    expect(repository.has('tiny')).toBe(false)
  })
})

describe('runs', () => {
  test('show what their result says', () => {
    const repository = createRunsRepository(db)
    repository.save(runRow())
    expect(repository.get('r1')).toMatchObject({ zeroShotAccuracy: null, contextLengths: null, error: null })
    repository.setResult('r1', { contextLengths: { text: [0, 2], image: [4, 6] }, searchSeconds: 1.5 })
    expect(repository.get('r1')).toMatchObject({
      contextLengths: { text: [0, 2], image: [4, 6] },
      searchSeconds: 1.5,
    })
    expect(repository.result('r1').searchSeconds).toBe(1.5)
  })

  test('are listed without the matrices of their evaluations, which are there when asked for', () => {
    const repository = createRunsRepository(db)
    const result = { zeroShot: evaluation(0.5), dpl: evaluation(0.75) }
    repository.save(runRow({ result }))
    expect(repository.get('r1')).toMatchObject({ accuracy: 0.75, macroF1: 0.75, testImages: 8 })
    expect(repository.result('r1')).toEqual(result)
    expect(repository.scoring('r1')).toEqual({ classes: 2, images: 8, seconds: 1 })
    repository.save(runRow({ id: 'r2' }))
    expect([repository.scoring('r2'), repository.scoring('none')]).toEqual([null, null])
    const listed = db.prepare('SELECT * FROM runs').all() as Record<string, unknown>[]
    expect(JSON.stringify(listed)).not.toContain('confusion')
  })

  test('of an older index keep their results', () => {
    const old = openDatabase(':memory:', migrations.slice(0, 1))
    const result = { zeroShot: evaluation(0.5), dpl: evaluation(0.75), trainSeconds: 3 }
    old
      .prepare(
        `INSERT INTO runs (id, name, kind, method, status, config, seed, shots, dataset_id, dataset_name, model_id,
           model_name, folder, created_at, result)
         VALUES ('old', 'old', 'train', 'dpl', 'finished', ?, 1, 16, 'd', 'D', 'm', 'M', '/r', 'then', ?)`,
      )
      .run(JSON.stringify(runRow().config), JSON.stringify(result))
    for (const step of migrations.slice(1)) old.exec(step)
    const repository = createRunsRepository(old)
    expect(repository.result('old')).toEqual(result)
    expect(repository.get('old')).toMatchObject({ accuracy: 0.75, trainSeconds: 3, notes: '' })
  })

  test('keep their epochs when they are stored again', () => {
    const repository = createRunsRepository(db)
    repository.save(runRow())
    repository.addEpoch('r1', searchEpoch(0))
    repository.save(runRow({ status: 'paused', error: { code: 'internal', message: 'm' } }))
    expect(repository.epochs('r1')).toHaveLength(1)
    expect(repository.get('r1')).toMatchObject({ status: 'paused', error: { code: 'internal' } })
  })

  test('count an epoch once and tell the later ones', () => {
    const repository = createRunsRepository(db)
    repository.save(runRow())
    const reports = [searchEpoch(0), searchEpoch(1), searchEpoch(2), trainEpoch(1), trainEpoch(2)]
    for (const report of [...reports].reverse()) repository.addEpoch('r1', report)
    repository.addEpoch('r1', searchEpoch(1, { seconds: 7 }))
    expect(repository.epochs('r1').map(({ stage, epoch }) => `${stage} ${epoch}`)).toEqual([
      'search 0',
      'search 1',
      'search 2',
      'train 1',
      'train 2',
    ])
    expect(repository.epochs('r1', { stage: 'search', epoch: 2 })).toEqual(reports.slice(3))
    expect(repository.epochs('r1')[1]?.seconds).toBe(7)
  })

  test('are listed newest first, unfinished ones apart', () => {
    const repository = createRunsRepository(db)
    repository.save(runRow({ id: 'a', createdAt: '2026-01-01', status: 'running' }))
    repository.save(runRow({ id: 'b', createdAt: '2026-01-02', status: 'finished', datasetId: 'birds' }))
    expect(repository.list().map(({ id }) => id)).toEqual(['b', 'a'])
    expect(repository.list('birds').map(({ id }) => id)).toEqual(['b'])
    expect(repository.unfinished().map(({ id }) => id)).toEqual(['a'])
  })

  test('take their epochs and exports with them', () => {
    const repository = createRunsRepository(db)
    repository.save(runRow())
    repository.addEpoch('r1', searchEpoch(0))
    repository.addExport({ runId: 'r1', folder: '/e', files: ['config.json'], createdAt: 'now' })
    expect(repository.exports('r1')[0]?.files).toEqual(['config.json'])
    repository.delete('r1')
    for (const table of ['run_epochs', 'artifacts'])
      expect(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 0 })
  })
})
