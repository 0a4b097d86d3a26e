import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { Emit, Output, ParsedInput } from '#shared/contract'
import { AppError } from '#shared/errors'
import { Dataset, DatasetImage, type Split } from '#shared/schemas/dataset'
import type { Task } from '#shared/schemas/task'
import type { DatasetsRepository } from '#main/db/datasets-repository'
import { readJson, writeFileAtomic } from '#main/files'
import type { JobDataset, LabelledImage } from '#main/run-folder'
import { writeCoopSplit } from './image-import/coop-split.ts'
import { checkUnchanged } from './image-import/fingerprint.ts'
import { importDataset, resplitDataset, type ImportedDataset } from './image-import/import-dataset.ts'
import { freeName, slug } from './names.ts'
import { previewSplit } from './splits.ts'
import type { TaskContext, Tasks } from './tasks.ts'

/** A dataset as a file beside the database, from which the database can be rebuilt. */
const DatasetFile = z.object({ dataset: Dataset, images: z.array(DatasetImage) })

export interface DatasetsParts {
  repository: DatasetsRepository
  /** where the dataset files are kept */
  folder: string
  tasks: Tasks
  emit: Emit
}

const STAGES = {
  reading: 'Reading the folder',
  checking: 'Checking images',
  comparing: 'Looking for duplicates',
}

/** Datasets: imported from folders and lists whose images stay where they are. */
export function createDatasets({ repository, folder, tasks, emit }: DatasetsParts) {
  const fileOf = (id: string) => join(folder, `${id}.json`)

  function store({ dataset, images }: ImportedDataset): Dataset {
    writeFileAtomic(fileOf(dataset.id), JSON.stringify({ dataset, images }))
    repository.save(dataset, images)
    emit('dataset/changed', dataset)
    return dataset
  }

  async function importFrom(input: ParsedInput<'datasets/import'>, context: TaskContext) {
    const path = resolve(input.path)
    const imported = await importDataset({
      folder: path,
      imageRoot: input.imageRoot,
      kind: input.source,
      columns: input.columns,
      name: input.name,
      splitSeed: input.splitSeed,
      fractions: input.fractions,
      signal: context.signal,
      onProgress: ({ stage, done, total }) => context.progress(STAGES[stage], done, total),
    })
    const before = repository.findByOrigin(path)
    const known = before?.fingerprint === imported.dataset.fingerprint
    // The same data keeps its id, so that its runs stay together; changed data is another dataset.
    const id = known
      ? before.id
      : freeName(slug(imported.dataset.name), (name) => repository.has(name) || existsSync(fileOf(name)))
    const name = known && input.name === undefined ? before.name : imported.dataset.name
    const dataset = store({ ...imported, dataset: { ...imported.dataset, id, name } })
    return { kind: 'dataset-import' as const, dataset, known }
  }

  return {
    list: (): Dataset[] => repository.list(),
    get: (id: string): Dataset => repository.get(id),
    has: (id: string): boolean => repository.has(id),
    find: (path: string): Dataset | null => repository.findByOrigin(resolve(path)),
    images: ({ id, ...filter }: ParsedInput<'datasets/images'>): DatasetImage[] => {
      repository.get(id)
      return repository.someImages(id, filter)
    },

    import: (input: ParsedInput<'datasets/import'>): Task =>
      tasks.start('dataset-import', (context) => importFrom(input, context)),

    previewSplit({
      id,
      ...request
    }: ParsedInput<'datasets/preview-split'>): Output<'datasets/preview-split'> {
      const { classes } = repository.get(id)
      return previewSplit({ ...request, classes, images: repository.images(id) })
    },

    resplit: ({ id, ...request }: ParsedInput<'datasets/resplit'>): Dataset =>
      store(resplitDataset({ dataset: repository.get(id), images: repository.images(id) }, request)),

    writeCoopSplit: ({ id, path }: ParsedInput<'datasets/write-coop-split'>): void =>
      writeCoopSplit(repository.get(id), repository.images(id), resolve(path)),

    check: ({ id }: { id: string }): Task => {
      const dataset = repository.get(id)
      return tasks.start('dataset-check', async ({ signal }) => ({
        kind: 'dataset-check',
        ...(await checkUnchanged(dataset, repository.images(id), { signal })),
      }))
    },

    /** Forgets a dataset. Images and runs stay. */
    remove(id: string): void {
      repository.get(id)
      rmSync(fileOf(id), { force: true })
      repository.delete(id)
      emit('dataset/removed', { id })
    },

    /** Throws `dataset-changed` when files of a dataset are not those of the import any more. */
    async requireUnchanged(id: string): Promise<void> {
      const dataset = repository.get(id)
      const { unchanged, changed, missing } = await checkUnchanged(dataset, repository.images(id))
      if (!unchanged) throw changedError(dataset, changed, missing)
    },

    /** What a job of the engine needs to know of a dataset: absolute paths, in the dataset's order. */
    forJob(id: string): JobDataset {
      const dataset = repository.get(id)
      const images = repository.images(id)
      const of = (split: Split): LabelledImage[] =>
        images
          .filter((image) => image.split === split)
          .map(({ path, label }) => ({ path: join(dataset.root, path), label }))
      return {
        id,
        name: dataset.name,
        fingerprint: dataset.fingerprint,
        root: dataset.root,
        classNames: dataset.classes.map(({ prompt }) => prompt),
        train: of('train'),
        validation: of('validation'),
        test: of('test'),
      }
    },

    /** Reads a dataset file back into the index. Returns the id. */
    index(path: string): string {
      const { dataset, images } = readJson(path, DatasetFile)
      repository.save(dataset, images)
      return dataset.id
    },

    /** Drops what is in the index but not among `ids`. */
    keepOnly(ids: ReadonlySet<string>): void {
      for (const { id } of repository.list()) if (!ids.has(id)) repository.delete(id)
    },
  }
}

export type Datasets = ReturnType<typeof createDatasets>

function changedError(dataset: Dataset, changed: readonly string[], missing: readonly string[]): AppError {
  const [first] = [...missing, ...changed]
  const what = missing.length > 0 ? 'missing' : 'changed'
  return new AppError(
    'dataset-changed',
    `${dataset.name} is not what was imported: ${missing.length} images are missing and ${changed.length} have ` +
      `changed, for example ${first ?? ''} (${what}).`,
    { hint: `Import it again: dplstudio dataset import ${dataset.importedFrom}` },
  )
}
