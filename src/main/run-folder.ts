import { isAbsolute, join, relative, sep } from 'node:path'
import { z } from 'zod'
import { RunConfig, RunKind, RunStatus, type EvaluatedMethod } from '#shared/schemas/run'
import { SerializedError } from '#shared/errors'

/** Names of the files of one run. Everything known about a run is in its folder; the database only indexes it. */
export const runFiles = (folder: string) => ({
  /** what was asked: `RunJob` */
  job: join(folder, 'job.json'),
  /** how far it got: `RunState` */
  state: join(folder, 'state.json'),
  /** the drawn images: `FewShotSplit` */
  split: join(folder, 'split.json'),
  /** one `EpochReport` per line; a later line for the same stage and epoch replaces the earlier one */
  epochs: join(folder, 'epochs.jsonl'),
  /** `RunResult`, rewritten whenever a stage finishes */
  result: join(folder, 'result.json'),
  /** [epochs + 1, layers, options] float32, epoch 0 first */
  alphaText: join(folder, 'alpha-text.npy'),
  alphaImage: join(folder, 'alpha-image.npy'),
  /** everything needed to continue a stage */
  checkpoint: join(folder, 'checkpoint.safetensors'),
  /** the learned prompts */
  prompt: join(folder, 'prompt.safetensors'),
  log: join(folder, 'log.txt'),
  /** what its owner calls it and says about it: `RunAnnotation` */
  annotation: join(folder, 'annotation.json'),
  /** what it was computed with: `RunMachine` */
  machine: join(folder, 'machine.json'),
})

/** How a method answered each test image, one line each; see answers-file.ts. */
export const answersFile = (folder: string, method: EvaluatedMethod): string =>
  join(folder, `answers-${method}.csv`)

/** An image of a job: absolute path and class index. */
export const LabelledImage = z.strictObject({ path: z.string(), label: z.number().int().nonnegative() })
export type LabelledImage = z.infer<typeof LabelledImage>

/** The data of a job: class names as they enter the template, and the images of each split. */
export const JobDataset = z.strictObject({
  id: z.string(),
  name: z.string(),
  fingerprint: z.string(),
  /** folder that the paths begin with; other parts of the path stay when the pictures move */
  root: z.string().optional(),
  classNames: z.array(z.string()).min(2),
  train: z.array(LabelledImage),
  validation: z.array(LabelledImage),
  test: z.array(LabelledImage),
})
export type JobDataset = z.infer<typeof JobDataset>

/** A path of an image as its dataset knows it: below the root, with forward slashes, where there is a root. */
export function datasetPath({ root }: Pick<JobDataset, 'root'>, path: string): string {
  if (root === undefined) return path
  const below = relative(root, path)
  return below.startsWith('..') || isAbsolute(below) ? path : below.split(sep).join('/')
}

export const JobModel = z.strictObject({
  id: z.string(),
  name: z.string(),
  path: z.string(),
  digest: z.string(),
})
export type JobModel = z.infer<typeof JobModel>

/** A run as the engine gets it: self-contained, so that the folder alone is enough to resume it. */
export const RunJob = z.strictObject({
  runId: z.string(),
  name: z.string(),
  kind: RunKind,
  createdAt: z.string(),
  config: RunConfig,
  model: JobModel,
  dataset: JobDataset,
})
export type RunJob = z.infer<typeof RunJob>

export const RunState = z.strictObject({
  status: RunStatus,
  error: SerializedError.optional(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
})
export type RunState = z.infer<typeof RunState>

/** What the owner of a run says about it. */
export const RunAnnotation = z.strictObject({ name: z.string().min(1).optional(), notes: z.string() })
export type RunAnnotation = z.infer<typeof RunAnnotation>

/** What a run was computed with when it was last at work. */
export const RunMachine = z.strictObject({
  programVersion: z.string(),
  processor: z.string(),
  cores: z.number().int(),
  /** graphics card; null: the processor */
  device: z.string().nullable(),
})
export type RunMachine = z.infer<typeof RunMachine>

/**
 * The images a run learned from: `train` and `validation` of the training stage; of the search stage `searchTrain`
 * for the prompts and `alpha` for the alpha matrices.
 */
export const FewShotSplit = z.strictObject({
  seed: z.number().int(),
  shots: z.number().int(),
  train: z.array(LabelledImage),
  searchTrain: z.array(LabelledImage),
  alpha: z.array(LabelledImage),
  validation: z.array(LabelledImage),
})
export type FewShotSplit = z.infer<typeof FewShotSplit>
