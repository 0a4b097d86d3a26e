import { AppError } from '#shared/errors'
import type { EngineHost } from '#main/engine-host/engine-host'
import type { Job, JobResult } from '#main/engine/protocol'
import type { TaskContext } from './tasks.ts'

type Kinds = Exclude<Job['kind'], 'run'>
type JobWithoutId<Kind extends Kinds> = { kind: Kind } & Omit<Extract<Job, { kind: Kind }>, 'id' | 'kind'>
type ResultOf<Kind extends Kinds> = Extract<JobResult, { kind: Kind }>

/** Runs a job of the engine as (part of) a task: with its progress, and stopped with it. */
export async function runEngineJob<Kind extends Kinds>(
  engine: EngineHost,
  context: TaskContext,
  job: JobWithoutId<Kind>,
  options: { fresh?: boolean } = {},
): Promise<ResultOf<Kind>> {
  const { signal } = context
  signal.throwIfAborted()
  const id = `${context.id}/${job.kind}`
  const stop = () => void engine.interrupt(id, 'cancel')
  signal.addEventListener('abort', stop)
  try {
    const result = await engine.run(
      { ...job, id } as unknown as Job,
      {
        onProgress: ({ message, done, total, secondsLeft }) =>
          context.progress(message, done, total, secondsLeft),
      },
      options,
    )
    if (result.kind !== job.kind) throw new AppError('internal', `A ${job.kind} job answered ${result.kind}`)
    return result as ResultOf<Kind>
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
