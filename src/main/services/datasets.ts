import { join, resolve } from 'node:path'
import type { Emit, Output, ParsedInput } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Dataset, DatasetImage, ImageItem, Split } from '#shared/schemas/dataset'
import type { Task } from '#shared/schemas/task'
import type { DatasetsRepository, ImageFilter } from '#main/db/datasets-repository'
import { drawFewShot } from '#main/engine/data/few-shot'
import type { JobDataset, LabelledImage } from '#main/run-folder'
import { relinkDataset } from './dataset-relink.ts'
import { createDatasetStore } from './dataset-store.ts'
import { writeCoopSplit } from './image-import/coop-split.ts'
import { checkUnchanged } from './image-import/fingerprint.ts'
import { importDataset, resplitDataset, type ImportedDataset } from './image-import/import-dataset.ts'
import { slug } from './names.ts'
import { describeSplit, previewSplit } from './splits.ts'
import type { TaskContext, Tasks } from './tasks.ts'

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

/** How many inspections are kept for `add`; each holds every image of a dataset in memory. */
const INSPECTIONS = 3

/** Datasets: imported from folders and lists whose images stay where they are. */
export function createDatasets({ repository, folder, tasks, emit }: DatasetsParts) {
  const store = createDatasetStore({ repository, folder, emit })
  const inspections = new Map<string, ImportedDataset>()

  function look(input: ParsedInput<'datasets/import'>, context: TaskContext): Promise<ImportedDataset> {
    return importDataset({
      folder: resolve(input.path),
      imageRoot: input.imageRoot,
      kind: input.source,
      columns: input.columns,
      name: input.name,
      splitSeed: input.splitSeed,
      fractions: input.fractions,
      signal: context.signal,
      onProgress: ({ stage, done, total }) => context.progress(STAGES[stage], done, total),
    })
  }

  /** The dataset that has the same data from the same place, whatever edits have made of it. */
  function knownAs({ dataset }: ImportedDataset): string | null {
    const before = repository.findByOrigin(dataset.importedFrom)
    if (before === null || repository.baseFingerprint(before.id) !== dataset.fingerprint) return null
    return before.id
  }

  /** The same data keeps its id, so that its runs stay together; changed data is another dataset. */
  function keep({ dataset, images }: ImportedDataset, name: string | undefined) {
    const known = knownAs({ dataset, images })
    const id = known ?? store.freeId(slug(dataset.name))
    const named = name ?? (known === null ? dataset.name : repository.get(known).name)
    const stored = store.put({ dataset: { ...dataset, id, name: named }, images })
    // An older change of the name must not win over the one asked for now.
    const final = stored.name === named ? stored : store.edit(id, { kind: 'rename-dataset', name: named })
    return { dataset: final, known: known !== null }
  }

  async function inspect(input: ParsedInput<'datasets/inspect'>, context: TaskContext) {
    const found = await look(input, context)
    inspections.set(context.id, found)
    for (const oldest of inspections.keys()) if (inspections.size > INSPECTIONS) inspections.delete(oldest)
    return { kind: 'dataset-inspect' as const, dataset: found.dataset, known: knownAs(found) }
  }

  function inspection(id: string): ImportedDataset {
    const found = inspections.get(id)
    if (found !== undefined) return found
    throw new AppError('not-found', 'What was found in these pictures is not kept any more.', {
      hint: 'Look at the folder again.',
    })
  }

  async function relink({ id, root }: ParsedInput<'datasets/relink'>, context: TaskContext) {
    const base = repository.base(id)
    const { base: moved, ...counts } = await relinkDataset(base, root, {
      signal: context.signal,
      onDone: (done) => context.progress('Looking for images', done, base.images.length),
    })
    return { kind: 'dataset-relink' as const, dataset: store.put(moved), ...counts }
  }

  const itemsOf = (id: string, split: Split): DatasetImage[] =>
    repository.images(id).filter((image) => image.split === split)

  return {
    list: (): Dataset[] => repository.list(),
    get: (id: string): Dataset => repository.get(id),
    has: (id: string): boolean => repository.has(id),
    find: (path: string): Dataset | null => repository.findByOrigin(resolve(path)),

    images: ({ id, offset, limit, ...filter }: ParsedInput<'datasets/images'>): DatasetImage[] =>
      repository.someImages(id, { ...imageFilter(repository.get(id), filter), offset, limit }),

    countImages: ({ id, ...filter }: ParsedInput<'datasets/count-images'>): number =>
      repository.countImages(id, imageFilter(repository.get(id), filter)),

    import: (input: ParsedInput<'datasets/import'>): Task =>
      tasks.start('dataset-import', async (context) => ({
        kind: 'dataset-import',
        ...keep(await look(input, context), input.name),
      })),

    inspect: (input: ParsedInput<'datasets/inspect'>): Task =>
      tasks.start('dataset-inspect', (context) => inspect(input, context)),

    previewInspection({
      inspection: id,
      split,
    }: ParsedInput<'datasets/preview-inspection'>): Output<'datasets/preview-inspection'> {
      const { dataset, images } = inspection(id)
      const shown = { classes: dataset.classes, images }
      return split === undefined
        ? describeSplit({ ...shown, splits: images.map((image) => image.split) })
        : previewSplit({ ...shown, ...split })
    },

    add({ inspection: id, name, split }: ParsedInput<'datasets/add'>): Dataset {
      const found = inspection(id)
      const named = { ...found, dataset: { ...found.dataset, name } }
      const { dataset } = keep(split === undefined ? named : resplitDataset(named, split), name)
      inspections.delete(id)
      return dataset
    },

    previewSplit({
      id,
      ...request
    }: ParsedInput<'datasets/preview-split'>): Output<'datasets/preview-split'> {
      const { classes } = repository.get(id)
      return previewSplit({ ...request, classes, images: repository.images(id) })
    },

    edit: ({ id, edit }: ParsedInput<'datasets/edit'>): Dataset => store.edit(id, edit),
    undo: (id: string): Dataset => store.undo(id),
    redo: (id: string): Dataset => store.redo(id),
    resplit: ({ id, ...request }: ParsedInput<'datasets/resplit'>): Dataset =>
      store.edit(id, { kind: 'resplit', ...request }),

    writeCoopSplit: ({ id, path }: ParsedInput<'datasets/write-coop-split'>): void =>
      writeCoopSplit(repository.get(id), repository.images(id), resolve(path)),

    check: ({ id }: { id: string }): Task => {
      const dataset = repository.get(id)
      return tasks.start('dataset-check', async ({ signal }) => ({
        kind: 'dataset-check',
        ...(await checkUnchanged(dataset, repository.images(id), { signal })),
      }))
    },

    relink(input: ParsedInput<'datasets/relink'>): Task {
      repository.get(input.id)
      return tasks.start('dataset-relink', (context) => relink(input, context))
    },

    /** Forgets a dataset. Images and runs stay. */
    remove: (id: string): void => store.remove(id),

    /** Throws `dataset-changed` when files of a dataset are not those of the import any more. */
    async requireUnchanged(id: string): Promise<void> {
      const dataset = repository.get(id)
      const { unchanged, changed, missing } = await checkUnchanged(dataset, repository.images(id))
      if (!unchanged) throw changedError(dataset, changed, missing)
    },

    /** The images that a run draws, from the lists that it gets, in their order. */
    fewShot({
      id,
      seed,
      shots,
      validationShots,
    }: ParsedInput<'datasets/few-shot'>): Output<'datasets/few-shot'> {
      const { classes } = repository.get(id)
      // A run always validates on something, so no images asked for is no list drawn from.
      const validation = validationShots === 0 ? [] : itemsOf(id, 'validation')
      const atLeastOne = Math.max(1, validationShots)
      const train = itemsOf(id, 'train')
      const drawn = drawFewShot({ train, validation, shots, validationShots: atLeastOne, seed })
      return {
        train: drawn.train.map(toItem),
        validation: drawn.validation.map(toItem),
        short: classes.flatMap(({ counts }, label) =>
          counts.train < shots ? [{ label, images: counts.train }] : [],
        ),
      }
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
    index: (path: string): string => store.index(path),

    /** Drops what is in the index but not among `ids`. */
    keepOnly(ids: ReadonlySet<string>): void {
      for (const { id } of repository.list()) if (!ids.has(id)) repository.delete(id)
    },
  }
}

export type Datasets = ReturnType<typeof createDatasets>

/** Images with a problem are those that the report names. */
function imageFilter(
  { report }: Dataset,
  { problem, ...filter }: Omit<ParsedInput<'datasets/count-images'>, 'id'>,
): ImageFilter {
  if (problem === undefined) return filter
  const paths = report.problems.filter(({ kind }) => kind === problem).flatMap(({ paths }) => paths)
  return { ...filter, paths }
}

function toItem({ path, label, split }: ImageItem): ImageItem {
  return { path, label, split }
}

function changedError(dataset: Dataset, changed: readonly string[], missing: readonly string[]): AppError {
  const [first] = [...missing, ...changed]
  const what = missing.length > 0 ? 'missing' : 'changed'
  return new AppError(
    'dataset-changed',
    `${dataset.name} is not what was imported: ${missing.length} images are missing and ${changed.length} have ` +
      `changed, for example ${first ?? ''} (${what}).`,
    {
      hint: `Put the files back, tell where they are now (dplstudio dataset relink), or import them again: dplstudio dataset import ${dataset.importedFrom}`,
    },
  )
}
