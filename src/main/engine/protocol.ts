import { z } from 'zod'
import { SerializedError } from '#shared/errors'
import { EngineDescription, Prediction, Verification } from '#shared/schemas/results'
import { EpochReport, EvaluatedMethod, Evaluation, RunResult, RunStatus } from '#shared/schemas/run'
import { RunProgress } from '#shared/schemas/run-record'
import { JobDataset, JobModel, LabelledImage } from '../run-folder.ts'

/** Starts or continues the run in a folder; which of the two its files tell. */
const RunFolderJob = z.strictObject({ kind: z.literal('run'), id: z.string(), folder: z.string() })

/** Scores the prompts of a run over a split of a data set that may be another than the run's. */
const EvaluateJob = z.strictObject({
  kind: z.literal('evaluate'),
  id: z.string(),
  folder: z.string(),
  dataset: JobDataset,
  split: z.enum(['train', 'validation', 'test']),
})

/** Writes the prompts of a finished run as files for other programs. */
const ExportJob = z.strictObject({
  kind: z.literal('export'),
  id: z.string(),
  folder: z.string(),
  target: z.string(),
})

/**
 * Scores test images with an export and CLIP alone and holds the answers against those the run gave, which the
 * export carries. Only worth something in a fresh process.
 */
const VerifyJob = z.strictObject({
  kind: z.literal('verify'),
  id: z.string(),
  exportFolder: z.string(),
  model: JobModel,
})

/** Classifies pictures with a run or an export; one CSV line each, so that a second start continues. */
const PredictJob = z.strictObject({
  kind: z.literal('predict'),
  id: z.string(),
  folder: z.string().describe('run folder or export folder'),
  model: JobModel.describe('the CLIP that the prompts were made for'),
  images: z.array(z.string()),
  csv: z.string().nullable(),
  top: z.number().int().positive(),
})

/** Zero-shot accuracy of several wordings of the same classes on the same images. */
const ScoreWordingsJob = z.strictObject({
  kind: z.literal('score-wordings'),
  id: z.string(),
  model: JobModel,
  images: z.array(LabelledImage),
  split: z.enum(['train', 'validation', 'test']),
  wordings: z.array(z.strictObject({ template: z.string(), classNames: z.array(z.string()).min(2) })).min(1),
})
export type ScoreWordingsJob = z.infer<typeof ScoreWordingsJob>

/** Checks a folder or file of CLIP weights without keeping it in memory. */
const InspectModelJob = z.strictObject({ kind: z.literal('inspect-model'), id: z.string(), path: z.string() })

/** Device, versions and a self-test of multiplication and gradient. */
const DescribeJob = z.strictObject({ kind: z.literal('describe'), id: z.string() })

export const Job = z.discriminatedUnion('kind', [
  RunFolderJob,
  EvaluateJob,
  ExportJob,
  VerifyJob,
  PredictJob,
  ScoreWordingsJob,
  InspectModelJob,
  DescribeJob,
])
export type Job = z.infer<typeof Job>

/** What each kind of job ends with. A paused or cancelled run has ended too; its folder can be resumed. */
export const JobResult = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('run'), status: RunStatus, result: RunResult }),
  z.strictObject({ kind: z.literal('evaluate'), evaluation: Evaluation }),
  z.strictObject({ kind: z.literal('export'), target: z.string(), files: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('verify'), verification: Verification }),
  z.strictObject({
    kind: z.literal('predict'),
    predictions: z.array(Prediction),
    scored: z.number(),
    failed: z.number(),
    skipped: z.number(),
  }),
  z.strictObject({ kind: z.literal('score-wordings'), evaluations: z.array(Evaluation) }),
  z.strictObject({
    kind: z.literal('inspect-model'),
    architecture: z.unknown(),
    digest: z.string(),
    source: z.string(),
    sizeBytes: z.number(),
  }),
  z.strictObject({ kind: z.literal('describe'), description: EngineDescription }),
])
export type JobResult = z.infer<typeof JobResult>

/** Where a job is. `done` of `total` counts steps, images or bytes of the stage. */
export const JobProgress = RunProgress.omit({ runId: true }).extend({ id: z.string() })
export type JobProgress = z.infer<typeof JobProgress>

/** What an engine host may ask of an engine process. One job at a time; a second start is refused. */
export const engineRequests = {
  'job/start': { input: Job, output: z.void() },
  /** between two steps: `pause` and `cancel` write a checkpoint first, `stop-search` ends the search early and goes on */
  'job/interrupt': {
    input: z.strictObject({ id: z.string(), how: z.enum(['pause', 'cancel', 'stop-search']) }),
    output: z.void(),
  },
} as const satisfies Record<string, { input: z.ZodType; output: z.ZodType }>

/** What an engine process tells. Every epoch and evaluation is in the run folder before it is told. */
export const engineEvents = {
  'job/progress': JobProgress,
  'job/epoch': z.strictObject({ id: z.string(), report: EpochReport }),
  'job/evaluated': z.strictObject({ id: z.string(), method: EvaluatedMethod, evaluation: Evaluation }),
  'job/finished': z.strictObject({ id: z.string(), result: JobResult }),
  'job/failed': z.strictObject({ id: z.string(), error: SerializedError }),
} as const satisfies Record<string, z.ZodType>
