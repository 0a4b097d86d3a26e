import { z } from 'zod'

export const Split = z.enum(['train', 'validation', 'test'])
export type Split = z.infer<typeof Split>

/** How the classes and splits of a dataset were given. */
export const DatasetSource = z.enum(['class-folders', 'split-folders', 'manifest', 'coop-split'])
export type DatasetSource = z.infer<typeof DatasetSource>

/** A path below a dataset's root: POSIX separators, never absolute, never climbing out with `..`. */
export const RelativePath = z
  .string()
  .min(1)
  .refine(
    (path) => !path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..'),
    'must be a path below the root of the dataset',
  )

/** What a run needs to know of an image. The order of a list of items decides what a seed draws from it. */
export const ImageItem = z.object({
  path: RelativePath,
  /** index into the dataset's classes */
  label: z.number().int().nonnegative(),
  split: Split,
})
export type ImageItem = z.infer<typeof ImageItem>

/** An item with what the import measured of its file. */
export const DatasetImage = ImageItem.extend({
  /** SHA-256 of the file, hexadecimal */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().nonnegative(),
  /** modification time in milliseconds since 1970 */
  modified: z.number(),
  /** pixels, after the EXIF orientation was applied */
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  /** images of the same group show the same picture and stay on one side of a split; null: no look-alike */
  group: z.number().int().nonnegative().nullable(),
})
export type DatasetImage = z.infer<typeof DatasetImage>

export const SplitCounts = z.object({
  train: z.number().int().nonnegative(),
  validation: z.number().int().nonnegative(),
  test: z.number().int().nonnegative(),
})
export type SplitCounts = z.infer<typeof SplitCounts>

export const DatasetClass = z.object({
  name: z.string().min(1),
  /** the words that stand for the class in a text template */
  prompt: z.string().min(1),
  /** folder below the root, or null where the source names images one by one */
  folder: z.string().nullable(),
  counts: SplitCounts,
})
export type DatasetClass = z.infer<typeof DatasetClass>

/** Shares of a class that go to each split; they add up to one and some of it is for training. */
export const SplitFractions = z
  .object({
    train: z.number().positive().max(1),
    validation: z.number().nonnegative().max(1),
    test: z.number().nonnegative().max(1),
  })
  .refine(
    ({ train, validation, test }) => Math.abs(train + validation + test - 1) < 1e-6,
    'the fractions must add up to 1',
  )
export type SplitFractions = z.infer<typeof SplitFractions>

/** Where the splits of a dataset come from. */
export const SplitOrigin = z.object({
  /** `source`: as found. `seeded`: drawn by us. `completed`: found in part, the rest drawn by us. */
  origin: z.enum(['source', 'seeded', 'completed']),
  seed: z.number().int(),
  fractions: SplitFractions,
})
export type SplitOrigin = z.infer<typeof SplitOrigin>

export const ProblemKind = z.enum([
  'missing',
  'unreadable',
  'corrupt',
  'unsupported',
  'too-large',
  'outside-root',
  'invalid-name',
  'no-class',
  'listed-twice',
  'class-conflict',
  'split-leak',
  'duplicate',
  'near-duplicate',
  'empty-class',
  'missing-split',
  'too-few',
  'blank',
  'tiny',
  'animated',
  'color-mode',
  'case-collision',
  'unknown-split',
  'nested-folder',
  'other-files',
])
export type ProblemKind = z.infer<typeof ProblemKind>

/** Something the import found. It never stops the import: at worst the image is left out. */
export const ImportProblem = z.object({
  kind: ProblemKind,
  /** `excluded`: the images were left out. `warning`: results may suffer. `note`: good to know. */
  severity: z.enum(['excluded', 'warning', 'note']),
  message: z.string(),
  /** the first of the images concerned, relative to the root where they lie below it */
  paths: z.array(z.string()),
  /** number of images concerned; may exceed the paths listed */
  count: z.number().int().nonnegative(),
  consequence: z.string(),
  remedy: z.string(),
})
export type ImportProblem = z.infer<typeof ImportProblem>

export const ImportReport = z.object({
  /** most serious first; at most `PROBLEMS_PER_KIND` of each kind */
  problems: z.array(ImportProblem),
  /** number of problems of each kind, also those that are not listed */
  totals: z.partialRecord(ProblemKind, z.number().int().positive()),
  /** images that were left out */
  excluded: z.number().int().nonnegative(),
})
export type ImportReport = z.infer<typeof ImportReport>

/** How many problems of one kind a report lists. */
export const PROBLEMS_PER_KIND = 100

export const Dataset = z.object({
  id: z.string().min(1),
  name: z.string().min(1),
  /** absolute folder that the paths of the images are relative to */
  root: z.string().min(1),
  /** what the user gave: a folder, or a manifest or split file */
  importedFrom: z.string().min(1),
  source: DatasetSource,
  classes: z.array(DatasetClass).min(2),
  counts: SplitCounts,
  split: SplitOrigin,
  /** SHA-256 over paths, contents, labels, splits and class names: equal only for equal data */
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  /** ISO 8601 */
  importedAt: z.string(),
  report: ImportReport,
  /** text template that new runs begin with */
  template: z.string().default('a photo of a {}.'),
  /** what the user has left out; it can be taken in again */
  excluded: z
    .object({
      images: z.number().int().nonnegative(),
      classes: z.array(z.object({ name: z.string(), images: z.number().int().nonnegative() })),
    })
    .default({ images: 0, classes: [] }),
  /** what undo would take back and redo would do again, in words; null: nothing */
  history: z
    .object({ undo: z.string().nullable(), redo: z.string().nullable() })
    .default({ undo: null, redo: null }),
})
export type Dataset = z.infer<typeof Dataset>
