import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { AppError } from '#shared/errors'
import type {
  Dataset,
  DatasetClass,
  DatasetImage,
  Split,
  SplitFractions,
  SplitOrigin,
} from '#shared/schemas/dataset'
import { defaultTemplate } from '#main/engine/data/templates'
import { DEFAULT_FRACTIONS, completeSplit, countSplits, makeSplit, type SplitRequest } from '../splits.ts'
import { SPLIT_PROBLEMS, checkImages, checkSplit } from './checks.ts'
import { datasetFingerprint } from './fingerprint.ts'
import { inspectImage, type InspectedImage } from './inspect-image.ts'
import type { ListedClass, ListedImage, Listing } from './listing.ts'
import { groupLookAlikes } from './look-alikes.ts'
import { eachAtOnce } from './parallel.ts'
import { counted, createProblemLog, quoted, type ProblemLog } from './problems.ts'
import { readSource, type SourceRequest } from './source.ts'

export interface ImportProgress {
  stage: 'reading' | 'checking' | 'comparing'
  done: number
  /** null while it is not known */
  total: number | null
}

export interface ImportOptions extends SourceRequest {
  /** default: the source's own name, or that of the folder */
  name?: string | undefined
  id?: string | undefined
  now?: Date | undefined
  /** for splits that the source does not have */
  splitSeed?: number | undefined
  fractions?: SplitFractions | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((progress: ImportProgress) => void) | undefined
}

/** A dataset with its images; their order is the source's and decides what a seed draws from them. */
export interface ImportedDataset {
  dataset: Dataset
  images: DatasetImage[]
}

/**
 * Reads a dataset from a folder, manifest or split file. The images stay where they are and are never changed;
 * every one is opened and decoded once. What is wrong with single images is reported and does not stop the
 * import. Throws an AppError where there is nothing to import, and the signal's reason when it is aborted.
 */
export async function importDataset(options: ImportOptions): Promise<ImportedDataset> {
  const { signal, splitSeed: seed = 1, fractions = DEFAULT_FRACTIONS } = options
  const progress = (stage: ImportProgress['stage'], done: number, total: number | null = null) =>
    options.onProgress?.({ stage, done, total })
  const log = createProblemLog()

  const listing = await readSource(options, { log, signal, onFiles: (count) => progress('reading', count) })
  const listed = withoutRepetitions(listing.images, log)
  progress('checking', 0, listed.length)
  const inspected = await inspectAll(listing.root, listed, log, {
    signal,
    onDone: (done) => progress('checking', done, listed.length),
  })
  const usable = withoutEmptyClasses(listing, inspected, log)
  const total = usable.images.length
  const groups = await groupLookAlikes(
    usable.images.map(({ look }) => look),
    equalFiles(usable.images),
    { signal, onDone: (done) => progress('comparing', done, total) },
  )
  progress('comparing', total, total)

  const grouped = usable.images.map((image, index) => ({ ...image, group: groups[index]! }))
  const completed = completeSplit(
    grouped,
    grouped.map(({ split }) => split),
    { seed, fractions },
  )
  checkImages(usable.images, log)
  if (completed.origin !== 'seeded') reportMissing(completed.missing, log)
  const images = grouped.map((image, index) => datasetImage(image, completed.splits[index]!))
  const identity = {
    id: options.id ?? randomUUID(),
    name: options.name ?? listing.name ?? (basename(options.folder) || 'dataset'),
    root: listing.root,
    importedFrom: options.folder,
    source: listing.source,
    importedAt: (options.now ?? new Date()).toISOString(),
    template: defaultTemplate,
    excluded: { images: 0, classes: [] },
    history: { undo: null, redo: null },
  }
  return summarise(identity, usable.classes, images, { origin: completed.origin, seed, fractions }, log)
}

/** The same images, split anew; what the source said about splits no longer counts. */
export function resplitDataset({ dataset, images }: ImportedDataset, request: SplitRequest): ImportedDataset {
  const splits = makeSplit(images, request)
  const moved = images.map((image, index) => ({ ...image, split: splits[index]! }))
  const log = createProblemLog(dataset.report, SPLIT_PROBLEMS)
  return summarise(dataset, dataset.classes, moved, { origin: 'seeded', ...request }, log)
}

/** What a split leaves as it is. */
type Identity = Omit<Dataset, 'classes' | 'counts' | 'split' | 'fingerprint' | 'report'>

function summarise(
  identity: Identity,
  listedClasses: readonly ListedClass[],
  images: DatasetImage[],
  split: SplitOrigin,
  log: ProblemLog,
): ImportedDataset {
  const classes = withCounts(listedClasses, images)
  checkSplit(classes, images, log)
  const dataset = {
    ...identity,
    classes,
    counts: countSplits(images.map((image) => image.split)),
    split,
    fingerprint: datasetFingerprint(classes, images),
    report: log.report(),
  }
  return { dataset, images }
}

/** A path can be in the dataset once; what a list says about it first, counts. */
function withoutRepetitions(images: readonly ListedImage[], log: ProblemLog): ListedImage[] {
  const first = new Map<string, ListedImage>()
  for (const image of images) {
    const known = first.get(image.path)
    if (known === undefined) first.set(image.path, image)
    else {
      const differs =
        known.label !== image.label
          ? 'with another class'
          : known.split !== image.split
            ? 'with another split'
            : 'again'
      log.add('listed-twice', `${quoted(image.path)} is listed ${differs}; the first entry counts.`, [
        image.path,
      ])
    }
  }
  return [...first.values()]
}

type Inspected = ListedImage & InspectedImage

async function inspectAll(
  root: string,
  listed: readonly ListedImage[],
  log: ProblemLog,
  options: { signal: AbortSignal | undefined; onDone: (done: number) => void },
): Promise<Inspected[]> {
  const inspections = await eachAtOnce(listed, ({ path }) => inspectImage(root, path), options)
  return inspections.flatMap((inspection, index) => {
    const image = listed[index]!
    if ('image' in inspection) return [{ ...image, ...inspection.image }]
    const { kind, reason } = inspection.rejection
    log.add(kind, `${quoted(image.path)} cannot be used: ${reason}.`, [image.path])
    return []
  })
}

/** Classes without a usable image are left out, and the labels of the others close up. */
function withoutEmptyClasses({ classes, root }: Listing, images: readonly Inspected[], log: ProblemLog) {
  const used = new Set(images.map(({ label }) => label))
  const labels = new Map<number, number>()
  const kept: ListedClass[] = []
  classes.forEach((cls, label) => {
    if (used.has(label)) labels.set(label, kept.push(cls) - 1)
    else log.add('empty-class', `The class ${quoted(cls.name)} has no usable image.`)
  })
  if (kept.length < 2) {
    const report = log.report()
    throw new AppError(
      'invalid-input',
      `${quoted(root)} has usable images of ${counted(kept.length, 'class', 'classes')} only; ${counted(report.excluded, 'image')} had to be left out. ${report.problems[0]?.message ?? ''}`.trim(),
      { hint: report.problems[0]?.remedy ?? 'Add images of at least two classes.' },
    )
  }
  return { classes: kept, images: images.map((image) => ({ ...image, label: labels.get(image.label)! })) }
}

function* equalFiles(images: readonly { hash: string }[]): Generator<[number, number]> {
  const first = new Map<string, number>()
  for (const [index, { hash }] of images.entries()) {
    const known = first.get(hash)
    if (known === undefined) first.set(hash, index)
    else yield [known, index]
  }
}

function reportMissing(missing: readonly Split[], log: ProblemLog): void {
  if (missing.includes('validation'))
    log.add('missing-split', 'There are no validation images; a fifth of the training images became them.')
  if (missing.includes('test'))
    log.add(
      'missing-split',
      'There are no test images; the validation images became them, and a fifth of the training images became validation images.',
    )
}

function datasetImage(image: Inspected & { group: number | null }, split: Split): DatasetImage {
  const { path, label, hash, bytes, modified, width, height, group } = image
  return { path, label, split, hash, bytes, modified, width, height, group }
}

function withCounts(classes: readonly ListedClass[], images: readonly DatasetImage[]): DatasetClass[] {
  const counts = classes.map(() => countSplits([]))
  for (const { label, split } of images) counts[label]![split]++
  return classes.map(({ name, prompt, folder }, label) => ({ name, prompt, folder, counts: counts[label]! }))
}
