import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DatasetEdit } from '#shared/schemas/dataset-edit'
import { openDatabase } from '#main/db/database'
import { createDatasetsRepository } from '#main/db/datasets-repository'
import { writeJson } from '#main/files'
import { createDatasetStore } from '#main/services/dataset-store'
import { datasetFingerprint } from '#main/services/image-import/fingerprint'
import { temporaryFolder } from '../../support/pictures.ts'
import { datasetImages, datasetOf } from '../../support/records.ts'

const images = datasetImages(100_000)
const classes = datasetOf(images).classes
const dataset = datasetOf(images, { fingerprint: datasetFingerprint(classes, images) })
const fractions = { train: 0.5, validation: 0.2, test: 0.3 }

/** Every tenth splits anew, which is the slowest; the others leave out a thousand images each. */
const edits = Array.from({ length: 50 }, (_, i): DatasetEdit =>
  i % 10 === 5
    ? { kind: 'resplit', seed: i, fractions }
    : { kind: 'exclude-images', paths: images.slice(i * 1000, i * 1000 + 1000).map(({ path }) => path) },
)

function seconds(work: () => unknown): number {
  const began = performance.now()
  work()
  return (performance.now() - began) / 1000
}

test(
  'a hundred thousand images with fifty edits are quick to edit and to page through',
  {
    timeout: 60_000,
  },
  () => {
    const folder = temporaryFolder()
    const db = openDatabase(join(folder, 'index.sqlite'))
    const repository = createDatasetsRepository(db)
    const store = createDatasetStore({ repository, folder, emit: () => undefined })
    store.put({ dataset, images })
    writeJson(join(folder, `${dataset.id}.edits`), {
      done: 49,
      entries: edits.slice(0, 49).map((edit) => ({ edit, words: edit.kind })),
    })
    store.index(join(folder, `${dataset.id}.json`))
    const filter = { split: 'train', label: 1 } as const
    const page = { ...filter, search: '9', offset: 5_000, limit: 200 }
    const took = {
      edit: seconds(() => store.edit(dataset.id, edits[49]!)),
      undo: seconds(() => store.undo(dataset.id)),
      redo: seconds(() => store.redo(dataset.id)),
      resplit: seconds(() => store.edit(dataset.id, { kind: 'resplit', seed: 99, fractions })),
      page: seconds(() => repository.someImages(dataset.id, page)),
      count: seconds(() => repository.countImages(dataset.id, filter)),
    }
    expect(repository.countImages(dataset.id, {})).toBe(55_000)
    expect(repository.countImages(dataset.id, filter)).toBe(
      repository.get(dataset.id).classes[1]!.counts.train,
    )
    // Many times what it takes, for machines that are busy.
    expect(Math.max(took.edit, took.undo, took.redo, took.resplit)).toBeLessThan(10)
    expect(Math.max(took.page, took.count)).toBeLessThan(2)
    db.close()
  },
)
