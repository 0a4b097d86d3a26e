import { join } from 'node:path'
import { z } from 'zod'
import { RunConfig, RunKind, RunStatus } from '#shared/schemas/run'
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
})

/** An image of a job: absolute path and class index. */
export const LabelledImage = z.strictObject({ path: z.string(), label: z.number().int().nonnegative() })
export type LabelledImage = z.infer<typeof LabelledImage>

/** The data of a job: class names as they enter the template, and the images of each split. */
export const JobDataset = z.strictObject({
  id: z.string(),
  name: z.string(),
  fingerprint: z.string(),
  classNames: z.array(z.string()).min(2),
  train: z.array(LabelledImage),
  validation: z.array(LabelledImage),
  test: z.array(LabelledImage),
})
export type JobDataset = z.infer<typeof JobDataset>

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
