import { AppError } from '#shared/errors'
import { connectTable, type ApiOf } from '#shared/rpc'
import type { EpochReport, EvaluatedMethod, Evaluation } from '#shared/schemas/run'
import {
  engineEvents,
  engineRequests,
  type Job,
  type JobProgress,
  type JobResult,
} from '#main/engine/protocol'
import { crashError, stoppedError } from './engine-errors.ts'
import type { EngineProcess, SpawnEngine } from './engine-process.ts'

const engineTable = { requests: engineRequests, events: engineEvents }

export type InterruptHow = 'pause' | 'cancel' | 'stop-search'

/** What a job tells while it runs. */
export interface JobListeners {
  onStart?: () => void
  onProgress?: (progress: JobProgress) => void
  onEpoch?: (report: EpochReport) => void
  onEvaluated?: (method: EvaluatedMethod, evaluation: Evaluation) => void
}

/** The engine right now. */
export interface EngineState {
  /** null: there is no process */
  pid: number | null
  job: Job | null
  /** a process was started and has not taken its job yet */
  starting: boolean
}

export interface EngineHostParts {
  spawn: SpawnEngine
  /** how long an interrupted job may take to write its checkpoint before it is ended, in milliseconds */
  graceMs?: number
  /** told of the engine's process id, and null when it is gone */
  onProcess?: (pid: number | null) => void
  /** told when the engine comes or goes, and when it begins or ends a job */
  onChange?: () => void
}

/** The engine seen from outside: one job at a time, a queue, and a process that is started when needed. */
export function createEngineHost({ spawn, graceMs = 30_000, onProcess, onChange }: EngineHostParts) {
  const queue: Entry[] = []
  let current: Entry | null = null
  let engine: Engine | null = null
  let deviceName: string | null = null
  /** what engines are started with has changed since this one was */
  let outdated = false
  let disposed = false

  async function startNext(): Promise<void> {
    if (current !== null || disposed) return
    const entry = queue.shift()
    if (entry === undefined) return
    current = entry
    try {
      if (entry.fresh || outdated) await stopEngine()
      if (entry.stopping) throw stoppedError('before it began')
      engine ??= startEngine()
      const { api, ended } = engine
      const started = api.request('job/start', entry.job).catch(async (thrown: unknown) => {
        // Of an engine that died, its exit tells more than the request that never got its answer.
        if (AppError.from(thrown).code === 'engine-unavailable') await ended
        throw thrown
      })
      // Behind the start: whoever interrupts the job now must not overtake it.
      entry.listeners.onStart?.()
      await started
      entry.begun = true
      onChange?.()
    } catch (thrown) {
      settle(entry, () => entry.reject(AppError.from(thrown)))
    }
  }

  function startEngine(): Engine {
    outdated = false
    const child = spawn()
    const onViolation = (error: AppError) => {
      const failed = current
      abandon(started)
      if (failed !== null) settle(failed, () => failed.reject(error))
    }
    const api = connectTable(engineTable, child.port, { onViolation })
    const ended = new Promise<void>((resolve) => {
      child.onExit((exit) => {
        onProcess?.(null)
        onChange?.()
        const crashed = started.abandoned ? null : current
        abandon(started)
        if (crashed !== null)
          settle(crashed, () =>
            crashed.reject(
              crashed.stopping
                ? stoppedError('before it could finish its step')
                : crashError(crashed.job, exit, child.logTail()),
            ),
          )
        resolve()
      })
    })
    const started: Engine = { child, api, ended, abandoned: false }
    onProcess?.(child.pid)
    onChange?.()
    listen(child, api)
    return started
  }

  function listen(child: EngineProcess, api: EngineApi): void {
    const ofCurrent =
      <Payload extends { id: string }>(take: (entry: Entry, payload: Payload) => void) =>
      (payload: Payload) => {
        if (current?.job.id === payload.id) take(current, payload)
      }
    api.on(
      'job/progress',
      ofCurrent((entry, progress) => {
        deviceName = child.deviceName() ?? deviceName
        entry.listeners.onProgress?.(progress)
      }),
    )
    api.on(
      'job/epoch',
      ofCurrent((entry, { report }) => entry.listeners.onEpoch?.(report)),
    )
    api.on(
      'job/evaluated',
      ofCurrent((entry, { method, evaluation }) => entry.listeners.onEvaluated?.(method, evaluation)),
    )
    api.on(
      'job/finished',
      ofCurrent((entry, { result }) => {
        deviceName = child.deviceName() ?? deviceName
        // Only its end gives back the memory of the graphics card, and that is what a pause is for.
        if (result.kind === 'run' && result.status === 'paused') void stopEngine()
        settle(entry, () => entry.resolve(result))
      }),
    )
    api.on(
      'job/failed',
      ofCurrent((entry, { error }) => settle(entry, () => entry.reject(AppError.fromJSON(error)))),
    )
  }

  /** Ends a job's time as the current one; the first call wins. */
  function settle(entry: Entry, tell: () => void): void {
    if (current !== entry) return
    clearTimeout(entry.timer)
    current = null
    onChange?.()
    tell()
    void startNext()
  }

  /** From now on nothing is expected of this engine any more. */
  function abandon(old: Engine): void {
    old.abandoned = true
    if (engine === old) engine = null
    old.child.kill()
  }

  /** Lets the engine end by itself, with a limit. */
  async function stopEngine(): Promise<void> {
    const old = engine
    if (old === null) return
    old.abandoned = true
    engine = null
    old.child.port.close()
    const limit = setTimeout(() => old.child.kill(), Math.min(graceMs, 5_000))
    await old.ended
    clearTimeout(limit)
  }

  function stopQueued(entry: Entry): void {
    queue.splice(queue.indexOf(entry), 1)
    entry.reject(stoppedError('before it began'))
  }

  return {
    /**
     * Queues a job and answers with its result. Rejects with `run-cancelled` when it was ended on demand before it
     * could answer, with `engine-unavailable` after a crash, and with whatever the job itself failed with.
     * `fresh` runs it in a process that has done nothing else.
     */
    run: (job: Job, listeners: JobListeners = {}, { fresh = false }: { fresh?: boolean } = {}) =>
      new Promise<JobResult>((resolve, reject) => {
        if (disposed) {
          reject(stoppedError('because the program is ending'))
          return
        }
        queue.push({
          job,
          listeners,
          fresh,
          resolve,
          reject,
          stopping: false,
          begun: false,
          timer: undefined,
        })
        void startNext()
      }),

    /** Asks a job to stop between two steps. One that does not within the grace time is ended. */
    async interrupt(id: string, how: InterruptHow): Promise<void> {
      const queued = queue.find(({ job }) => job.id === id)
      if (queued !== undefined) {
        if (how !== 'stop-search') stopQueued(queued)
        return
      }
      const entry = current
      if (entry?.job.id !== id) return
      if (how !== 'stop-search') {
        entry.stopping = true
        entry.timer ??= setTimeout(() => {
          if (current === entry) engine?.child.kill()
        }, graceMs)
      }
      // An engine that dies now is told of by its exit.
      await engine?.api.request('job/interrupt', { id, how }).catch(() => undefined)
    },

    /** Ends a job, or whatever runs, at once and without a checkpoint. */
    kill(id?: string): void {
      const queued = queue.find(({ job }) => job.id === id)
      if (queued !== undefined) stopQueued(queued)
      if (current === null || (id !== undefined && current.job.id !== id)) return
      current.stopping = true
      engine?.child.kill()
    },

    /** The next job gets a new process: engines are started with something else now. An idle one ends at once. */
    async renew(): Promise<void> {
      outdated = true
      if (current === null) await stopEngine()
    },

    /** Ids of the jobs, the running one first. */
    jobs: (): string[] => [...(current === null ? [] : [current]), ...queue].map(({ job }) => job.id),

    /** The engine's process and the job it works on. */
    state: (): EngineState => ({
      pid: engine?.child.pid ?? null,
      job: current?.job ?? null,
      starting: engine !== null && current !== null && !current.begun,
    }),

    /** The GPU the engine computes on, as far as it has told. */
    deviceName: (): string | null => engine?.child.deviceName() ?? deviceName,

    /** Ends the engine; what is unfinished rejects with `run-cancelled`. */
    async dispose(): Promise<void> {
      disposed = true
      for (const entry of queue.splice(0)) entry.reject(stoppedError('because the program is ending'))
      const last = current
      await stopEngine()
      if (last !== null) settle(last, () => last.reject(stoppedError('because the program is ending')))
    },
  }
}

export type EngineHost = ReturnType<typeof createEngineHost>

type EngineApi = ApiOf<typeof engineTable>

interface Engine {
  child: EngineProcess
  api: EngineApi
  ended: Promise<void>
  abandoned: boolean
}

interface Entry {
  job: Job
  listeners: JobListeners
  fresh: boolean
  resolve: (result: JobResult) => void
  reject: (error: AppError) => void
  /** it was asked to stop, so its end is no crash */
  stopping: boolean
  /** the engine has it; before that, the engine may still be starting */
  begun: boolean
  timer: NodeJS.Timeout | undefined
}
