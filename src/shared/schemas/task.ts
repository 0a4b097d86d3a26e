import { z } from 'zod'
import { SerializedError } from '../errors.ts'
import { Dataset } from './dataset.ts'
import { MachineReport, RuntimePackInfo, StoragePart } from './machine.ts'
import { RegisteredModel } from './registered-model.ts'
import { EngineDescription, Prediction, Verification } from './results.ts'
import { ExportRecord } from './run-record.ts'
import { Evaluation } from './run.ts'

const count = () => z.number().int().nonnegative()

/** What each kind of task ends with. */
export const TaskOutcome = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('dataset-import'),
    dataset: Dataset,
    /** the same data was known already */
    known: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('dataset-check'),
    unchanged: z.boolean(),
    changed: z.array(z.string()),
    missing: z.array(z.string()),
  }),
  z.strictObject({ kind: z.literal('model-import'), model: RegisteredModel }),
  z.strictObject({
    kind: z.literal('model-verify'),
    model: RegisteredModel,
    foundDigest: z.string(),
    passed: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('evaluate'), runId: z.string(), evaluation: Evaluation }),
  z.strictObject({ kind: z.literal('export'), export: ExportRecord }),
  z.strictObject({ kind: z.literal('verify'), folder: z.string(), verification: Verification }),
  z.strictObject({
    kind: z.literal('predict'),
    predictions: z.array(Prediction),
    scored: count(),
    failed: count(),
    /** already in the CSV file of an earlier start */
    skipped: count(),
    csv: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal('describe'), description: EngineDescription }),
  z.strictObject({
    kind: z.literal('reindex'),
    runs: count(),
    datasets: count(),
    models: count(),
    skipped: z.array(z.strictObject({ path: z.string(), reason: z.string() })),
  }),
  /** what an import would bring; `datasets/add` makes it a dataset */
  z.strictObject({ kind: z.literal('dataset-inspect'), dataset: Dataset, known: z.string().nullable() }),
  z.strictObject({
    kind: z.literal('dataset-relink'),
    dataset: Dataset,
    found: count(),
    missing: z.array(z.string()),
    /** same name, other content */
    different: z.array(z.string()),
  }),
  /** zero-shot evaluations in the order of the wordings asked for */
  z.strictObject({ kind: z.literal('wording'), evaluations: z.array(Evaluation) }),
  z.strictObject({ kind: z.literal('machine'), report: MachineReport }),
  z.strictObject({ kind: z.literal('runtime-install'), pack: RuntimePackInfo }),
  z.strictObject({ kind: z.literal('storage'), parts: z.array(StoragePart) }),
  z.strictObject({ kind: z.literal('storage-clear'), freedBytes: count() }),
])
export type TaskOutcome = z.infer<typeof TaskOutcome>
export type TaskKind = TaskOutcome['kind']

/** Something that takes longer than a request may: it is started, told of, and asked for by its id. */
export const Task = z.strictObject({
  id: z.string(),
  kind: z.string(),
  status: z.enum(['running', 'finished', 'failed', 'cancelled']),
  outcome: TaskOutcome.nullable(),
  error: SerializedError.nullable(),
})
export type Task = z.infer<typeof Task>

export const TaskProgress = z.strictObject({
  id: z.string(),
  message: z.string(),
  done: z.number(),
  total: z.number().nullable().describe('null while it is not known'),
  secondsLeft: z.number().nullable(),
})
export type TaskProgress = z.infer<typeof TaskProgress>
