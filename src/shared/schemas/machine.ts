import { z } from 'zod'
import { SerializedError } from '../errors.ts'
import { EngineDescription } from './results.ts'

const bytes = () => z.number().int().nonnegative()

/** One line of a checklist: what was looked at, what was found, and what to do about it. */
export const MachineCheck = z.strictObject({
  id: z.string(),
  title: z.string(),
  state: z.enum(['passed', 'failed', 'warning', 'skipped']),
  detail: z.string(),
  /** null where nothing needs doing */
  remedy: z.string().nullable(),
})
export type MachineCheck = z.infer<typeof MachineCheck>

export const GraphicsCardInfo = z.strictObject({ name: z.string(), memoryBytes: bytes(), driver: z.string() })

/** This machine as the program sees it. `gpuChecks` answers "Why not CUDA?" in the order in which things must hold. */
export const MachineReport = z.strictObject({
  system: z.string(),
  node: z.string(),
  processor: z.string(),
  cores: z.number().int(),
  memory: z.strictObject({ total: bytes(), available: bytes() }),
  disk: z.strictObject({ folder: z.string(), total: bytes(), free: bytes() }),
  pack: z
    .strictObject({ name: z.string(), folder: z.string(), tensorflow: z.string(), binding: z.string() })
    .nullable(),
  cards: z.array(GraphicsCardInfo),
  engine: EngineDescription.nullable(),
  /** why the engine has not answered; neither this nor `engine`: it was busy */
  engineProblem: SerializedError.optional(),
  /** is there what a run needs: runtime, engine, weights, disk */
  checks: z.array(MachineCheck),
  gpuChecks: z.array(MachineCheck),
})
export type MachineReport = z.infer<typeof MachineReport>

/** A runtime pack: libtensorflow and the binding to it. */
export const RuntimePackInfo = z.strictObject({
  name: z.enum(['cpu', 'official', 'cuda12']),
  description: z.string(),
  installed: z.boolean(),
  inUse: z.boolean(),
  folder: z.string(),
  sizeBytes: bytes().nullable().describe('on disk, once installed'),
  downloadBytes: bytes().nullable(),
  hosts: z.array(z.string()).describe('asked for it when it is fetched'),
  /** why it cannot be used here; null when it can */
  obstacle: z.string().nullable(),
})
export type RuntimePackInfo = z.infer<typeof RuntimePackInfo>

/** The engine process right now. */
export const EngineStatus = z.strictObject({
  state: z.enum(['off', 'starting', 'idle', 'busy']),
  pid: z.number().int().nullable(),
  /** of its process, where the system tells */
  memoryBytes: bytes().nullable(),
  /** null until an engine has told */
  deviceName: z.string().nullable(),
  usingGpu: z.boolean().nullable(),
  /** kind of the job at work, and the run it belongs to */
  job: z.strictObject({ kind: z.string(), runId: z.string().nullable() }).nullable(),
})
export type EngineStatus = z.infer<typeof EngineStatus>

/** What the program keeps on disk, part by part. */
export const StoragePart = z.strictObject({
  part: z.enum([
    'runs',
    'datasets',
    'models',
    'exports',
    'thumbnails',
    'uploads',
    'runtime',
    'downloads',
    'logs',
    'index',
  ]),
  path: z.string(),
  bytes: bytes(),
  files: z.number().int().nonnegative(),
  /** it can be emptied without losing work: the program makes it again, or it was a copy */
  clearable: z.boolean(),
})
export type StoragePart = z.infer<typeof StoragePart>

/** Weights that the program can fetch by itself where the network is allowed. */
export const KnownModel = z.strictObject({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  url: z.string(),
  host: z.string(),
  file: z.string(),
  sha256: z.string(),
  sizeBytes: bytes(),
  licence: z.string(),
  /** id of the registered model with these weights */
  registeredAs: z.string().nullable(),
  /** bytes of an interrupted download that can be continued */
  partialBytes: bytes(),
})
export type KnownModel = z.infer<typeof KnownModel>
