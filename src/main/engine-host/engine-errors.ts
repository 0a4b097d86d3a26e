import { AppError } from '#shared/errors'
import type { Job } from '#main/engine/protocol'
import type { EngineExit } from './engine-process.ts'

const LINES_SHOWN = 8
const OUT_OF_MEMORY =
  /RESOURCE_EXHAUSTED|OOM when allocating|bad_alloc|CUDA_ERROR_OUT_OF_MEMORY|heap out of memory/

/** What became of a job whose engine process ended under it, and how to go on. */
export function crashError(job: Job, exit: EngineExit, logTail: readonly string[]): AppError {
  const log = logTail.slice(-LINES_SHOWN)
  const last = log.length === 0 ? '' : `\nIts last lines:\n  ${log.join('\n  ')}`
  const hint =
    job.kind === 'run'
      ? `Finished epochs are kept; resume the run to go on (dplstudio resume ${job.id}).`
      : 'Try again.'
  if (OUT_OF_MEMORY.test(logTail.join('\n')))
    return new AppError('out-of-memory', `The engine ran out of memory (${describeExit(exit)}).${last}`, {
      hint: `${hint} Fewer images at a time need less memory${job.kind === 'run' ? ' (--batch 2)' : ''}.`,
    })
  return new AppError('engine-unavailable', `The engine ended unexpectedly (${describeExit(exit)}).${last}`, {
    hint:
      exit.signal === 'SIGKILL'
        ? `${hint} SIGKILL often means that the system ran out of memory.`
        : `${hint} The check of this machine may tell more (dplstudio check).`,
  })
}

/** A job that was ended on demand. `when` completes "The job was stopped ...". */
export function stoppedError(when: string): AppError {
  return new AppError('run-cancelled', `The job was stopped ${when}`)
}

function describeExit({ code, signal, failure }: EngineExit): string {
  if (failure !== undefined) return failure
  return signal === null ? `exit code ${String(code)}` : `signal ${signal}`
}
