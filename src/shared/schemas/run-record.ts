import { z } from 'zod'
import { SerializedError } from '../errors.ts'
import { PromptConfiguration } from './prompt.ts'
import { RunConfig, RunKind, RunStatus, Stage } from './run.ts'

/** A run as lists and headlines show it. Accuracies are of the test split, in 0..1. */
export const Run = z.strictObject({
  id: z.string(),
  name: z.string(),
  kind: RunKind,
  status: RunStatus,
  config: RunConfig,
  datasetId: z.string(),
  datasetName: z.string(),
  modelId: z.string(),
  modelName: z.string(),
  folder: z.string(),
  /** times are ISO 8601 */
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  error: SerializedError.nullable(),
  zeroShotAccuracy: z.number().nullable(),
  accuracy: z.number().nullable().describe('of the trained prompts'),
  contextLengths: PromptConfiguration.nullable(),
  searchSeconds: z.number().nullable(),
  trainSeconds: z.number().nullable(),
  /** fingerprint of the data the run was made with; the dataset may have changed since */
  datasetFingerprint: z.string().default(''),
  macroF1: z.number().nullable().default(null).describe('of the trained prompts'),
  testImages: z.number().int().nullable().default(null),
  notes: z.string().default(''),
})
export type Run = z.infer<typeof Run>

/** What a client gives to start a run. Fields of the configuration that are left out have the paper's values. */
export const RunRequest = z.strictObject({
  kind: RunKind,
  datasetId: z.string().min(1),
  modelId: z.string().min(1),
  config: RunConfig.prefault({}),
  name: z.string().min(1).max(200).optional(),
})
export type RunRequest = z.infer<typeof RunRequest>

/** What a run would be, checked but not started. */
export const RunPlan = z.strictObject({
  kind: RunKind,
  config: RunConfig,
  dataset: z.strictObject({
    id: z.string(),
    name: z.string(),
    classes: z.number().int(),
    train: z.number().int(),
    validation: z.number().int(),
    test: z.number().int(),
    smallestClass: z.strictObject({ name: z.string(), train: z.number().int() }),
  }),
  model: z.strictObject({ id: z.string(), name: z.string(), layers: z.number().int() }),
  searchSpace: z
    .number()
    .describe('number of prompt configurations the search chooses from; 1 without a search'),
  warnings: z.array(z.string()),
})
export type RunPlan = z.infer<typeof RunPlan>

/** Where a run is within its stage. */
export const RunProgress = z.strictObject({
  runId: z.string(),
  stage: Stage,
  message: z.string(),
  done: z.number(),
  total: z.number(),
  epoch: z.number().int().optional(),
  epochs: z.number().int().optional(),
  secondsLeft: z.number().nullable(),
})
export type RunProgress = z.infer<typeof RunProgress>

/** `pause` and `cancel` write a checkpoint first, `stop-search` goes on with the training, `kill` does not wait. */
export const RunInterrupt = z.enum(['pause', 'cancel', 'stop-search', 'kill'])
export type RunInterrupt = z.infer<typeof RunInterrupt>

/** Files that a run was exported to. */
export const ExportRecord = z.strictObject({
  runId: z.string(),
  folder: z.string(),
  files: z.array(z.string()),
  createdAt: z.string(),
})
export type ExportRecord = z.infer<typeof ExportRecord>
