import { AppError } from '#shared/errors'
import { serveTable } from '#shared/rpc'
import type { Interrupt, JobContext } from './engine/jobs/job-context.ts'
import { runAnyJob } from './engine/jobs/jobs.ts'
import { createModelShelf } from './engine/jobs/model-shelf.ts'
import { engineEvents, engineRequests } from './engine/protocol.ts'
import { parentPort } from './process-port.ts'
import { loadTensorFlow } from './runtime/binding.ts'

/** The engine process: one job at a time, told and asked over the pipe to the process that started it. */
function main(): void {
  const pack = process.env['DPLSTUDIO_RUNTIME']
  if (pack === undefined)
    throw new AppError('runtime-missing', 'DPLSTUDIO_RUNTIME does not name a runtime pack')
  loadTensorFlow(pack)
  // Ctrl+C reaches every process of a terminal; the one that started us decides what becomes of the job.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const port = parentPort()
  const models = createModelShelf()
  let current: { id: string; interrupt: Interrupt | null } | null = null

  const emit = serveTable({ requests: engineRequests, events: engineEvents }, port, {
    'job/start': (job) => {
      if (current !== null)
        throw new AppError('engine-unavailable', `The engine is busy with job ${current.id}`)
      const mine: { id: string; interrupt: Interrupt | null } = { id: job.id, interrupt: null }
      current = mine
      const context: JobContext = {
        id: job.id,
        models,
        packFolder: pack,
        interrupt: () => mine.interrupt,
        clearInterrupt: () => (mine.interrupt = null),
        emit,
      }
      void runAnyJob(context, job)
        .then((result) => ({ name: 'job/finished' as const, payload: { id: job.id, result } }))
        .catch((thrown: unknown) => ({
          name: 'job/failed' as const,
          payload: { id: job.id, error: AppError.from(thrown).toJSON() },
        }))
        .then((outcome) => {
          current = null
          if (outcome.name === 'job/finished') emit(outcome.name, outcome.payload)
          else emit(outcome.name, outcome.payload)
        })
    },
    'job/interrupt': ({ id, how }) => {
      if (current?.id === id) current.interrupt = how
    },
  })
  port.onClose(() => process.exit(0))
}

main()
