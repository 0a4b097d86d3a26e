import { AppError } from '#shared/errors'
import type { EmitOf } from '#shared/rpc'
import type { Stage } from '#shared/schemas/run'
import type { engineEvents, engineRequests, JobProgress } from '../protocol.ts'
import type { StageControl } from '../optim/epochs.ts'
import type { PassControl } from '../metrics/evaluate.ts'
import type { LoadedModel, ModelShelf } from './model-shelf.ts'

/** How a job may be asked to end before its time. */
export type Interrupt = 'pause' | 'cancel' | 'stop-search'

/** What a job needs of the process it runs in. */
export interface JobContext {
  readonly id: string
  readonly models: ModelShelf
  /** the runtime pack that is loaded */
  readonly packFolder: string
  /** what was asked last and is not yet done */
  interrupt(): Interrupt | null
  /** marks a request to stop the search as done */
  clearInterrupt(): void
  readonly emit: EmitOf<{ requests: typeof engineRequests; events: typeof engineEvents }>
}

/** Thrown between two batches when a job is asked to pause or cancel while it holds nothing worth a checkpoint. */
export class Interrupted extends Error {
  readonly how: 'pause' | 'cancel'

  constructor(how: 'pause' | 'cancel') {
    super(`Asked to ${how}`)
    this.how = how
  }
}

/** Tells where a stage is, with the time left estimated from the time taken since it began; a few times a second. */
export function progressOf(
  context: JobContext,
  { stage, message }: { stage: Stage; message: string },
): (done: number, total: number, more?: Pick<JobProgress, 'epoch' | 'epochs'>) => void {
  let began: { at: number; done: number } | null = null
  let told = 0
  return (done, total, more = {}) => {
    const now = performance.now()
    began ??= { at: now, done }
    if (now - told < 200 && done < total) return
    told = now
    const rate = (done - began.done) / (now - began.at)
    const secondsLeft = rate > 0 ? (total - done) / rate / 1000 : null
    context.emit('job/progress', { id: context.id, stage, message, done, total, secondsLeft, ...more })
  }
}

/** A pass over images that reports as `stage` and ends when the job is asked to. */
export function passControl(context: JobContext, what: { stage: Stage; message: string }): PassControl {
  return {
    check() {
      const how = context.interrupt()
      if (how === 'pause' || how === 'cancel') throw new Interrupted(how)
    },
    onProgress: progressOf(context, what),
  }
}

/** A stage of many steps: progress over all of them, and an end between two steps for the given interrupts. */
export function stageControl(
  context: JobContext,
  {
    stage,
    message,
    epochs,
    endsFor,
  }: { stage: Stage; message: string; epochs: number; endsFor: readonly Interrupt[] },
): StageControl {
  const progress = progressOf(context, { stage, message })
  return {
    stopRequested() {
      const how = context.interrupt()
      return how !== null && endsFor.includes(how)
    },
    onStep({ epoch, step, stepsPerEpoch }) {
      progress(epoch * stepsPerEpoch + step, epochs * stepsPerEpoch, { epoch: epoch + 1, epochs })
    },
  }
}

/** The CLIP of a job, from the shelf or from disk; it must be the one that the job was made for. */
export async function loadModel(
  context: JobContext,
  { path, digest }: { path: string; digest: string },
): Promise<LoadedModel> {
  const progress = progressOf(context, { stage: 'prepare', message: 'Loading CLIP' })
  const model = await context.models.load(path, ({ done, total }) => progress(done, total))
  if (model.clip.digest === digest) return model
  throw new AppError('model-mismatch', `The weights at ${path} have changed since they were registered.`, {
    hint: 'Import the model again, or put the original file back.',
  })
}
