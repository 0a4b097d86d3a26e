import { z } from 'zod'
import type { ApiOf, EmitOf, HandlersOf } from './rpc.ts'
import {
  Dataset,
  DatasetImage,
  DatasetSource,
  Split,
  SplitCounts,
  SplitFractions,
} from './schemas/dataset.ts'
import { RegisteredModel } from './schemas/registered-model.ts'
import { ExportRecord, Run, RunInterrupt, RunPlan, RunProgress, RunRequest } from './schemas/run-record.ts'
import { EpochReport, EvaluatedMethod, Evaluation, RunResult, Stage } from './schemas/run.ts'
import { Task, TaskProgress } from './schemas/task.ts'

const ById = z.strictObject({ id: z.string().min(1) })
const Nothing = z.strictObject({}).default({})

const paths = z.array(z.string())

/** What a split would look like, before it is made. */
const SplitPreview = z.strictObject({
  counts: SplitCounts,
  classes: z.array(
    z.strictObject({
      name: z.string(),
      counts: SplitCounts,
      examples: z.strictObject({ train: paths, validation: paths, test: paths }),
    }),
  ),
})

/**
 * Everything a client may ask. Answers come within a second; longer work is a run or a task, with an id and events.
 * Paths are absolute.
 */
export const requests = {
  'app/info': { input: Nothing, output: z.strictObject({ version: z.string(), dataFolder: z.string() }) },

  'datasets/import': {
    input: z.strictObject({
      path: z.string().min(1).describe('folder of class folders, manifest, or CoOp split file'),
      imageRoot: z.string().optional(),
      source: DatasetSource.optional(),
      columns: z
        .strictObject({ path: z.string(), label: z.string(), split: z.string().optional() })
        .optional(),
      name: z.string().min(1).optional(),
      splitSeed: z.number().int().optional(),
      fractions: SplitFractions.optional(),
    }),
    output: Task,
  },
  'datasets/list': { input: Nothing, output: z.array(Dataset) },
  'datasets/get': { input: ById, output: Dataset },
  /** The dataset that was imported from a path, if any. */
  'datasets/find': { input: z.strictObject({ path: z.string() }), output: Dataset.nullable() },
  'datasets/images': {
    input: ById.extend({
      split: Split.optional(),
      label: z.number().int().nonnegative().optional(),
      offset: z.number().int().nonnegative().default(0),
      limit: z.number().int().positive().max(10_000).default(1_000),
    }),
    output: z.array(DatasetImage),
  },
  'datasets/preview-split': {
    input: ById.extend({ seed: z.number().int(), fractions: SplitFractions }),
    output: SplitPreview,
  },
  'datasets/resplit': {
    input: ById.extend({ seed: z.number().int(), fractions: SplitFractions }),
    output: Dataset,
  },
  'datasets/write-coop-split': { input: ById.extend({ path: z.string().min(1) }), output: z.void() },
  'datasets/check': { input: ById, output: Task },
  'datasets/remove': { input: ById, output: z.void() },

  'models/import': {
    input: z.strictObject({ path: z.string().min(1), name: z.string().min(1).optional() }),
    output: Task,
  },
  /** Registers the CLIP that ships with the program, under the id `starter`. */
  'models/import-starter': { input: Nothing, output: Task },
  'models/list': { input: Nothing, output: z.array(RegisteredModel) },
  'models/get': { input: ById, output: RegisteredModel },
  'models/find': { input: z.strictObject({ path: z.string() }), output: RegisteredModel.nullable() },
  'models/verify': { input: ById, output: Task },
  'models/remove': { input: ById, output: z.void() },

  'runs/plan': { input: RunRequest, output: RunPlan },
  'runs/start': { input: RunRequest, output: Run },
  'runs/resume': {
    input: ById.extend({ stopSearch: z.boolean().default(false).describe('and end the search early') }),
    output: Run,
  },
  'runs/interrupt': { input: ById.extend({ how: RunInterrupt }), output: z.void() },
  'runs/list': {
    input: z.strictObject({ datasetId: z.string().optional() }).default({}),
    output: z.array(Run),
  },
  'runs/get': { input: ById, output: Run },
  'runs/result': { input: ById, output: RunResult },
  'runs/epochs': {
    input: ById.extend({
      after: z.strictObject({ stage: Stage, epoch: z.number().int() }).optional(),
    }),
    output: z.array(EpochReport),
  },
  /** The last word of a running run, for clients that come late. */
  'runs/progress': { input: ById, output: RunProgress.nullable() },
  'runs/delete': { input: ById, output: z.void() },
  'runs/exports': { input: ById, output: z.array(ExportRecord) },

  'runs/evaluate': {
    input: ById.extend({ split: Split.default('test'), datasetId: z.string().optional() }),
    output: Task,
  },
  'runs/export': { input: ById.extend({ folder: z.string().min(1).optional() }), output: Task },
  /** Of an export folder, or of the last export of a run. */
  'exports/verify': { input: z.strictObject({ source: z.string().min(1) }), output: Task },
  'predictions/start': {
    input: z.strictObject({
      source: z.string().min(1).describe('id of a run, or an export folder'),
      paths: z.array(z.string().min(1)).min(1).describe('images and folders of images'),
      csv: z.string().min(1).optional(),
      top: z.number().int().positive().default(5),
      modelId: z.string().optional(),
    }),
    output: Task,
  },
  'engine/describe': { input: Nothing, output: Task },
  'index/rebuild': { input: Nothing, output: Task },

  'tasks/get': { input: ById, output: Task },
  'tasks/cancel': { input: ById, output: z.void() },
} as const satisfies Record<string, { input: z.ZodType; output: z.ZodType }>

/** Everything a client may hear. What an event tells is stored before it is told, so it can be asked for again. */
export const events = {
  'run/changed': Run,
  'run/epoch': z.strictObject({ runId: z.string(), report: EpochReport }),
  'run/evaluated': z.strictObject({ runId: z.string(), method: EvaluatedMethod, evaluation: Evaluation }),
  'run/progress': RunProgress,
  'run/deleted': ById,
  'dataset/changed': Dataset,
  'dataset/removed': ById,
  'model/changed': RegisteredModel,
  'model/removed': ById,
  'task/changed': Task,
  'task/progress': TaskProgress,
} as const satisfies Record<string, z.ZodType>

/** The application's contract, for `serveTable` and `connectTable`. */
export const contract = { requests, events }
export type Contract = typeof contract

export type Api = ApiOf<Contract>
export type Handlers = HandlersOf<Contract>
export type Emit = EmitOf<Contract>
export type RequestName = keyof typeof requests
/** What the caller writes (defaults may be left out) ... */
export type Input<Name extends RequestName> = z.input<(typeof requests)[Name]['input']>
/** ... and what the handler receives (defaults filled in). */
export type ParsedInput<Name extends RequestName> = z.output<(typeof requests)[Name]['input']>
export type Output<Name extends RequestName> = z.output<(typeof requests)[Name]['output']>
