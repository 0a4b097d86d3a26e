import { z } from 'zod'
import { commands } from './commands.ts'
import type { ApiOf, EmitOf, HandlersOf } from './rpc.ts'
import { AppInfo, ChoiceRequest, FolderListing } from './schemas/app.ts'
import {
  Dataset,
  DatasetImage,
  DatasetSource,
  ImageItem,
  ProblemKind,
  Split,
  SplitCounts,
  SplitFractions,
} from './schemas/dataset.ts'
import { DatasetEdit } from './schemas/dataset-edit.ts'
import { EngineStatus, KnownModel, RuntimePackInfo, StoragePart } from './schemas/machine.ts'
import { PredictionRecord } from './schemas/prediction-record.ts'
import { RunEstimate, RunQueue, ScoredImage } from './schemas/queue.ts'
import { RegisteredModel } from './schemas/registered-model.ts'
import { ExportRecord, Run, RunInterrupt, RunPlan, RunProgress, RunRequest } from './schemas/run-record.ts'
import { EpochReport, EvaluatedMethod, Evaluation, RunResult, Stage } from './schemas/run.ts'
import { Settings, SettingsChange } from './schemas/settings.ts'
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

const ImportInput = z.strictObject({
  path: z.string().min(1).describe('folder of class folders, manifest, or CoOp split file'),
  imageRoot: z.string().optional(),
  source: DatasetSource.optional(),
  columns: z.strictObject({ path: z.string(), label: z.string(), split: z.string().optional() }).optional(),
  name: z.string().min(1).optional(),
  splitSeed: z.number().int().optional(),
  fractions: SplitFractions.optional(),
})

const ImageFilter = {
  split: Split.optional(),
  label: z.number().int().nonnegative().optional(),
  /** only images that were left out, instead of only those that were not */
  excluded: z.boolean().default(false),
  /** only images that the import had something to say about */
  problem: ProblemKind.optional(),
  /** part of the path, without regard to case */
  search: z.string().optional(),
}

/**
 * Everything a client may ask. Answers come within a second; longer work is a run or a task, with an id and events.
 * Paths are absolute.
 */
export const requests = {
  'app/info': { input: Nothing, output: AppInfo },
  /** A readable account of this installation and its last errors, for a person to read before they send it. */
  'app/problem-report': { input: Nothing, output: z.strictObject({ text: z.string() }) },

  /** Asks the user through the system's dialog; no paths: they closed it. 'unsupported' where there is none. */
  'shell/choose': { input: ChoiceRequest, output: z.strictObject({ paths }) },
  /** Shows a file or folder in the system's file manager. */
  'shell/reveal': { input: z.strictObject({ path: z.string().min(1) }), output: z.void() },
  'folders/browse': {
    input: z.strictObject({ path: z.string().optional() }).default({}),
    output: FolderListing,
  },
  /** A fresh folder that a browser may send files to, with `PUT /uploads/<id>/<relative path>`. */
  'uploads/begin': { input: Nothing, output: z.strictObject({ id: z.string(), folder: z.string() }) },

  'settings/get': { input: Nothing, output: Settings },
  'settings/change': { input: SettingsChange, output: Settings },

  /** Everything about this machine, the engine's self-test included. */
  'machine/report': { input: Nothing, output: Task },
  'runtime/list': { input: Nothing, output: z.array(RuntimePackInfo) },
  /** From files the user has brought, or from the network where that is allowed. */
  'runtime/install': {
    input: z.strictObject({
      pack: RuntimePackInfo.shape.name,
      from: z.string().min(1).optional(),
      /** also when it is there and whole */
      reinstall: z.boolean().default(false),
      /** the user has agreed to this one download, whatever the settings say */
      consent: z.boolean().default(false),
    }),
    output: Task,
  },
  'runtime/remove': { input: z.strictObject({ pack: RuntimePackInfo.shape.name }), output: z.void() },
  'storage/usage': { input: Nothing, output: Task },
  'storage/clear': { input: z.strictObject({ part: StoragePart.shape.part }), output: Task },

  'datasets/import': {
    input: ImportInput,
    output: Task,
  },
  /** Looks at pictures as an import would, and keeps what it found until `datasets/add` or the end of the program. */
  'datasets/inspect': { input: ImportInput, output: Task },
  /** Makes a dataset of what an inspection found. */
  'datasets/add': {
    input: z.strictObject({
      inspection: z.string().min(1).describe('id of the task'),
      name: z.string().trim().min(1).max(200),
      split: z.strictObject({ seed: z.number().int(), fractions: SplitFractions }).optional(),
    }),
    output: Dataset,
  },
  'datasets/preview-inspection': {
    input: z.strictObject({
      inspection: z.string().min(1),
      split: z.strictObject({ seed: z.number().int(), fractions: SplitFractions }).optional(),
    }),
    output: SplitPreview,
  },
  'datasets/list': { input: Nothing, output: z.array(Dataset) },
  'datasets/get': { input: ById, output: Dataset },
  /** The dataset that was imported from a path, if any. */
  'datasets/find': { input: z.strictObject({ path: z.string() }), output: Dataset.nullable() },
  'datasets/images': {
    input: ById.extend({
      ...ImageFilter,
      offset: z.number().int().nonnegative().default(0),
      limit: z.number().int().positive().max(10_000).default(1_000),
    }),
    output: z.array(DatasetImage),
  },
  'datasets/count-images': { input: ById.extend(ImageFilter), output: z.number().int().nonnegative() },
  'datasets/edit': { input: ById.extend({ edit: DatasetEdit }), output: Dataset },
  'datasets/undo': { input: ById, output: Dataset },
  'datasets/redo': { input: ById, output: Dataset },
  /** How many of a CLIP's text positions each class text takes, start and end included. */
  'datasets/count-tokens': {
    input: ById.extend({
      modelId: z.string().min(1),
      template: z.string(),
      prompts: z.array(z.string()).describe('one per class'),
    }),
    output: z.strictObject({ textPositions: z.number().int(), counts: z.array(z.number().int()) }),
  },
  /** The very images that a run with these numbers would learn from. */
  'datasets/few-shot': {
    input: ById.extend({
      seed: z.number().int().nonnegative(),
      shots: z.number().int().positive(),
      validationShots: z.number().int().nonnegative(),
    }),
    output: z.strictObject({
      train: z.array(ImageItem),
      validation: z.array(ImageItem),
      /** classes with fewer training images than shots: all they have is used */
      short: z.array(z.strictObject({ label: z.number().int(), images: z.number().int() })),
    }),
  },
  /** Zero-shot accuracy of several wordings on the same images, before anything is saved. */
  'datasets/test-wording': {
    input: ById.extend({
      modelId: z.string().min(1),
      split: Split.default('validation'),
      wordings: z
        .array(z.strictObject({ template: z.string(), prompts: z.array(z.string().min(1)) }))
        .min(1)
        .max(8),
    }),
    output: Task,
  },
  /** Looks for the images of a dataset below another folder and takes that one when they are there. */
  'datasets/relink': { input: ById.extend({ root: z.string().min(1) }), output: Task },
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
  'models/known': { input: Nothing, output: z.array(KnownModel) },
  /** Fetches known weights, goes on where an earlier download ended, checks them and registers them. */
  'models/download': {
    input: ById.extend({
      /** the user has agreed to this one download, whatever the settings say */
      consent: z.boolean().default(false),
    }),
    output: Task,
  },
  'models/rename': {
    input: ById.extend({ name: z.string().trim().min(1).max(200) }),
    output: RegisteredModel,
  },
  'models/remove': { input: ById, output: z.void() },

  'runs/plan': { input: RunRequest, output: RunPlan },
  'runs/estimate': { input: RunRequest, output: RunEstimate },
  'runs/start': { input: RunRequest, output: Run },
  /** The same with several seeds. */
  'runs/start-seeds': {
    input: z.strictObject({
      request: RunRequest,
      seeds: z.array(z.number().int().nonnegative()).min(1).max(20),
    }),
    output: z.array(Run),
  },
  'runs/annotate': {
    input: ById.extend({
      name: z.string().trim().min(1).max(200).optional(),
      notes: z.string().max(10_000).optional(),
    }),
    output: Run,
  },
  'runs/queue': { input: Nothing, output: RunQueue },
  'runs/move': { input: ById.extend({ position: z.number().int().nonnegative() }), output: RunQueue },
  'runs/hold-queue': { input: z.strictObject({ held: z.boolean() }), output: RunQueue },
  'runs/resume': {
    input: ById.extend({
      stopSearch: z.boolean().default(false).describe('and end the search early'),
      /** to go on with less after a failure; finished epochs stay, and the notes of the run tell of it */
      adjustment: z
        .strictObject({
          batchSize: z.number().int().positive().optional().describe('at most'),
          learningRate: z.number().positive().optional().describe('at most'),
        })
        .optional(),
    }),
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
  /** How a method answered the test images. 'not-found' for runs of programs that did not keep the answers. */
  'runs/scored-images': {
    input: ById.extend({
      method: EvaluatedMethod,
      label: z.number().int().nonnegative().optional(),
      predicted: z.number().int().nonnegative().optional(),
      only: z
        .enum(['mistakes', 'fixed', 'broken'])
        .optional()
        .describe('against the truth, or against zero-shot'),
      order: z.enum(['as-listed', 'most-confident', 'least-confident']).default('as-listed'),
      offset: z.number().int().nonnegative().default(0),
      limit: z.number().int().positive().max(1_000).default(200),
    }),
    output: z.strictObject({ total: z.number().int(), images: z.array(ScoredImage) }),
  },
  /** What was learned from which data, how well it does, and on what machine. Markdown. */
  'runs/card': { input: ById, output: z.strictObject({ markdown: z.string() }) },
  'runs/classes': { input: ById, output: z.array(z.string()) },
  'runs/delete': { input: ById, output: z.void() },
  'runs/exports': { input: ById, output: z.array(ExportRecord) },

  'runs/evaluate': {
    input: ById.extend({ split: Split.default('test'), datasetId: z.string().optional() }),
    output: Task,
  },
  'runs/export': {
    input: ById.extend({
      folder: z.string().min(1).optional(),
      into: z.string().min(1).optional().describe('folder to make a new one in, with a free name'),
    }),
    output: Task,
  },
  'exports/list': { input: Nothing, output: z.array(ExportRecord) },
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
  /** The last passes over pictures, newest first, those that were broken off among them. */
  'predictions/recent': { input: Nothing, output: z.array(PredictionRecord) },
  'engine/status': { input: Nothing, output: EngineStatus },
  'engine/describe': { input: Nothing, output: Task },
  'index/rebuild': { input: Nothing, output: Task },

  /** Tasks that are running, and those that ended lately; without their outcomes, which may be long. */
  'tasks/list': { input: Nothing, output: z.array(Task) },
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
  /** A command was chosen in the menu of the shell; the page does what it means there. */
  'shell/command': z.strictObject({ command: z.enum(commands.map(({ id }) => id)) }),
  /** The program was asked to open a folder or file, by a second start or a double click. */
  'shell/open': z.strictObject({ path: z.string() }),
  'queue/changed': RunQueue,
  'engine/changed': EngineStatus,
  'settings/changed': Settings,
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
