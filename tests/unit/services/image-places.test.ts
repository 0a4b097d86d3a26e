import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { presets } from '#shared/presets'
import { createWorkshop, endOf, outcomeOf, type Workshop } from '../../support/application.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = createWorkshop()
})
afterEach(() => workshop.end())

test('datasets, runs and predictions tell where their pictures are, and nobody else does', async () => {
  const pictures = await workshop.pictures()
  const { app, api } = workshop.start()
  const { dataset } = await outcomeOf(
    api,
    api.request('datasets/import', { path: pictures }),
    'dataset-import',
  )
  const { model } = await outcomeOf(
    api,
    api.request('models/import', { path: workshop.model }),
    'model-import',
  )
  const { images } = app
  expect(images.dataset(dataset.id)).toBe(pictures)

  const config = { ...presets.quick, shots: 2 }
  const request = { kind: 'search-and-train', datasetId: dataset.id, modelId: model.id, config } as const
  const { id } = await api.request('runs/start', request)
  await endOf(api, id)
  const [first] = await api.request('datasets/images', { id: dataset.id, split: 'test', limit: 1 })
  expect(images.run(id, 'test', 0)).toBe(join(pictures, first!.path))
  expect(images.run(id, 'test', 10_000)).toBe(null)

  const picture = join(pictures, 'dog', '3.png')
  const started = await api.request('predictions/start', { source: id, paths: [picture] })
  await outcomeOf(api, Promise.resolve(started), 'predict')
  expect(images.prediction(started.id, 0)).toBe(picture)
  expect(images.prediction(started.id, 1)).toBe(null)

  for (const nothing of ['none', '', id, started.id]) expect(images.dataset(nothing)).toBe(null)
  for (const nothing of ['none', '', dataset.id]) {
    expect(images.run(nothing, 'test', 0)).toBe(null)
    expect(images.prediction(nothing, 0)).toBe(null)
  }
})
