import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runFiles } from '#main/run-folder'
import { createWorkshop, endOf, outcomeOf, type Workshop } from '../../support/application.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = createWorkshop()
})
afterEach(() => workshop.end())

const place = (name: string) => join(workshop.folder, name)

/** A data folder with everything that can lie in it: pictures a browser has sent, weights, a run and its export. */
async function fill(): Promise<string> {
  const { app, api } = workshop.start()
  const pictures = join(workshop.data, 'uploads', '0123456789abcdef')
  mkdirSync(join(workshop.data, 'uploads'), { recursive: true })
  renameSync(await workshop.pictures(), pictures)
  const weights = join(workshop.data, 'models', 'weights', 'clip')
  cpSync(workshop.model, weights, { recursive: true })
  const fractions = { train: 0.5, validation: 0.25, test: 0.25 }
  const imported = api.request('datasets/import', { path: pictures, name: 'sent', fractions })
  const { dataset } = await outcomeOf(api, imported, 'dataset-import')
  const { model } = await outcomeOf(api, api.request('models/import', { path: weights }), 'model-import')
  const config = { shots: 2, search: { epochs: 1 }, train: { epochs: 1 } }
  const request = { kind: 'search-and-train' as const, datasetId: dataset.id, modelId: model.id, config }
  const { id } = await api.request('runs/start', request)
  await endOf(api, id)
  await outcomeOf(api, api.request('runs/export', { id }), 'export')
  await app.dispose()
  return id
}

/** What there is of the run in a place; every path has to lead somewhere below that place. */
async function lookAround(dataFolder: string, id: string, access: 'read' | 'write' = 'write') {
  const { app, api } = workshop.start({}, { dataFolder, access })
  const run = await api.request('runs/get', { id })
  const exports = await api.request('exports/list', {})
  const [dataset] = await api.request('datasets/list', {})
  const [model] = await api.request('models/list', {})
  const epochs = await api.request('runs/epochs', { id })
  const job = readFileSync(runFiles(run.folder).job, 'utf8')
  await app.dispose()
  const paths = [run.folder, exports[0]?.folder, dataset?.root, dataset?.importedFrom, model?.path]
  expect(exports).toHaveLength(1)
  expect(epochs.length).toBeGreaterThan(0)
  for (const path of paths) expect({ path, there: existsSync(path ?? '') }).toEqual({ path, there: true })
  return { paths, job }
}

test('a data folder that was moved as a whole is all there, and can be worked with', async () => {
  const id = await fill()
  renameSync(workshop.data, place('moved'))
  const { paths, job } = await lookAround(place('moved'), id)
  expect(paths.every((path) => path?.startsWith(place('moved')))).toBe(true)
  expect(job).not.toContain(workshop.data)
  const { api } = workshop.start({}, { dataFolder: place('moved') })
  const scored = await outcomeOf(api, api.request('runs/evaluate', { id }), 'evaluate')
  expect(scored.runId).toBe(id)
  const verified = await outcomeOf(api, api.request('exports/verify', { source: id }), 'verify')
  expect(verified.folder.startsWith(place('moved'))).toBe(true)
})

test('so is one whose former place was never noted, and one that is only looked at', async () => {
  const id = await fill()
  rmSync(join(workshop.data, 'place.json'))
  renameSync(workshop.data, place('moved'))
  const { paths } = await lookAround(place('moved'), id, 'read')
  expect(paths.every((path) => path?.startsWith(place('moved')))).toBe(true)
})

test('a copy leaves the original alone', async () => {
  const id = await fill()
  cpSync(workshop.data, place('copy'), { recursive: true })
  const { paths } = await lookAround(place('copy'), id)
  expect(paths.every((path) => path?.startsWith(place('copy')))).toBe(true)
  const original = await lookAround(workshop.data, id)
  expect(original.paths.every((path) => path?.startsWith(workshop.data))).toBe(true)
})

test('another name of the same folder is no move', async () => {
  const id = await fill()
  const before = readFileSync(join(workshop.data, 'runs', id, 'job.json'), 'utf8')
  symlinkSync(workshop.data, place('alias'))
  const { job } = await lookAround(place('alias'), id)
  expect(job).toBe(before)
})

test('damaged files do not keep the others from being put right', async () => {
  const id = await fill()
  mkdirSync(join(workshop.data, 'runs', 'broken'))
  writeFileSync(
    join(workshop.data, 'runs', 'broken', 'job.json'),
    `{"folder": ${JSON.stringify(workshop.data)}`,
  )
  writeFileSync(join(workshop.data, 'place.json'), '{')
  renameSync(workshop.data, place('moved'))
  const { paths } = await lookAround(place('moved'), id)
  expect(paths.every((path) => path?.startsWith(place('moved')))).toBe(true)
})
