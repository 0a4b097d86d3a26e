import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Emit, ParsedInput } from '#shared/contract'
import { AppError, type SerializedError } from '#shared/errors'
import { withSeed } from '#shared/run-groups'
import type { RunQueue } from '#shared/schemas/queue'
import type { Run, RunInterrupt, RunPlan, RunProgress, RunRequest } from '#shared/schemas/run-record'
import type { EvaluatedMethod, Evaluation, RunResult, RunStatus } from '#shared/schemas/run'
import type { EngineHost, JobListeners } from '#main/engine-host/engine-host'
import { writeJson } from '#main/files'
import { annotate } from '#main/run-annotation'
import { runFiles, type RunJob } from '#main/run-folder'
import type { Models } from './models.ts'
import { adjustRun } from './run-adjustment.ts'
import { planRun } from './run-plan.ts'
import { createRunRecovery } from './run-recovery.ts'
import { createRunStore } from './run-store.ts'
import { createRunViews, type RunViewsParts } from './run-views.ts'
import {
  emptyQueue,
  enqueue,
  hold,
  move,
  runEnded,
  startNext,
  withdraw,
  type QueueState,
} from './run-queue.ts'
import { followPictures, indexRun, readRun, thisMachine, writeState } from './run-records.ts'

export interface RunsParts extends RunViewsParts {
  models: Models
  engine: EngineHost
  emit: Emit
  /** where the run folders are */
  folder: string
  now: () => Date
  /** whether a run that fails holds the ones behind it */
  pauseOnFailure?: () => boolean
}

/** A run in the hands of this process. */
interface ActiveRun {
  readonly job: RunJob
  /** what it was last asked to do */
  asked: RunInterrupt | null
  /** what went wrong on our side while the engine was at work */
  failure: AppError | null
  readonly ended: Promise<void>
  /** what `ended` waits for */
  readonly settle: () => void
}

/** Where the result of an evaluation goes. */
const RESULT_OF = { 'zero-shot': 'zeroShot', supprompt: 'supprompt', dpl: 'dpl' } as const satisfies Record<
  EvaluatedMethod,
  keyof RunResult
>

/** Runs: the only code that both writes the index and talks to the engine about them. */
export function createRuns(parts: RunsParts) {
  const { repository, datasets, models, engine, emit, folder, now, pauseOnFailure = () => false } = parts
  const active = new Map<string, ActiveRun>()
  const progress = new Map<string, RunProgress>()
  const views = createRunViews(parts)
  const { rootOf } = views
  const storeAll = createRunStore(parts)
  let queue = emptyQueue
  let ending = false

  const toldQueue = (): RunQueue => {
    const { running, waiting, held, reason } = queue
    return { running, waiting: [...waiting], held, reason }
  }

  /** Tells of a change of the queue, then lets the next run begin if it may. */
  function changeQueue(next: QueueState): RunQueue {
    const before = queue
    queue = ending ? next : startNext(next)
    if (queue !== before) emit('queue/changed', toldQueue())
    if (queue.running !== null && queue.running !== before.running) perform(queue.running)
    return toldQueue()
  }

  const plan = (request: RunRequest): RunPlan =>
    planRun(request, datasets.get(request.datasetId), models.get(request.modelId))

  function changeState(id: string, status: RunStatus, error: SerializedError | null = null): void {
    const run = repository.get(id)
    const time = now().toISOString()
    const ended = status !== 'queued' && status !== 'running'
    const state = {
      status,
      error,
      startedAt: status === 'running' ? (run.startedAt ?? time) : run.startedAt,
      finishedAt: ended ? time : null,
    }
    writeState(run.folder, state)
    repository.setState(id, state)
    emit('run/changed', repository.get(id))
  }

  /** Puts a run that is stored as queued behind the others. */
  function submit(job: RunJob, asked: RunInterrupt | null): void {
    const { promise: ended, resolve } = Promise.withResolvers<undefined>()
    const settle = () => resolve(undefined)
    active.set(job.runId, { job, asked, failure: null, ended, settle })
    changeQueue(enqueue(queue, job.runId))
  }

  /** Hands the next run to the engine; its end, whatever it is, becomes a state, and then it is the next one's turn. */
  function perform(id: string): void {
    const mine = active.get(id)!
    let ended: SerializedError | null = null
    void follow(id, mine)
      .then(
        (status): [RunStatus, SerializedError | null] =>
          mine.failure === null ? [status, null] : stateAfter(mine.failure, null),
        (thrown: unknown) => stateAfter(AppError.from(thrown), mine.asked),
      )
      .then(([status, error]) => {
        ended = error
        end(id, status, error)
      })
      .catch((thrown: unknown) => {
        // Nothing can be written any more; the next start puts the run right. Whoever waits hears of it now.
        ended = AppError.from(thrown).toJSON()
        emit('run/changed', { ...repository.get(id), status: 'paused', error: ended })
      })
      .finally(() => {
        active.delete(id)
        progress.delete(id)
        mine.settle()
        changeQueue(
          runEnded(queue, { name: mine.job.name, error: ended }, { pauseOnFailure: pauseOnFailure() }),
        )
      })
  }

  async function follow(id: string, mine: ActiveRun): Promise<RunStatus> {
    const { job } = mine
    if (datasets.has(job.dataset.id)) await datasets.requireUnchanged(job.dataset.id)
    if (mine.asked === 'pause' || mine.asked === 'kill') return 'paused'
    if (mine.asked === 'cancel') return 'cancelled'
    const result = await engine.run({ kind: 'run', id, folder: join(folder, id) }, listenersOf(id, mine))
    return result.kind === 'run' ? result.status : 'failed'
  }

  function listenersOf(id: string, mine: ActiveRun): JobListeners {
    /** What cannot be stored, on a full disk for example, ends the run at its next step instead of the program. */
    const storing =
      <Told extends unknown[]>(store: (...told: Told) => void) =>
      (...told: Told) => {
        try {
          store(...told)
        } catch (thrown) {
          mine.failure ??= AppError.from(thrown)
          void engine.interrupt(id, 'pause')
        }
      }
    return {
      onStart: storing(() => {
        changeState(id, 'running')
        noteMachine(id)
        if (mine.asked === 'stop-search') void engine.interrupt(id, 'stop-search')
      }),
      onProgress: ({ stage, message, done, total, epoch, epochs, secondsLeft }) => {
        const within = { ...(epoch !== undefined && { epoch }), ...(epochs !== undefined && { epochs }) }
        const told = { runId: id, stage, message, done, total, secondsLeft, ...within }
        progress.set(id, told)
        emit('run/progress', told)
      },
      onEpoch: storing((report) => {
        repository.addEpoch(id, report) // stored first: a client that missed the event can ask for it
        emit('run/epoch', { runId: id, report })
      }),
      onEvaluated: storing((method, evaluation) => evaluated(id, method, evaluation)),
    }
  }

  function evaluated(id: string, method: EvaluatedMethod, evaluation: Evaluation): void {
    repository.setResult(id, { ...repository.result(id), [RESULT_OF[method]]: evaluation })
    emit('run/evaluated', { runId: id, method, evaluation })
  }

  /** What computes is known for sure once it has computed. */
  function noteMachine(id: string): void {
    writeJson(runFiles(join(folder, id)).machine, thisMachine(engine.deviceName()))
  }

  /** The folder may hold more than was told before a crash; it is what counts. */
  function end(id: string, status: RunStatus, error: SerializedError | null = null): void {
    const run = readRun(join(folder, id))
    if (run.startedAt !== null) noteMachine(id)
    writeState(run.folder, { ...run, status, error, finishedAt: now().toISOString() })
    indexRun(repository, run.folder)
    emit('run/changed', repository.get(id))
  }

  /** A run that never got the engine: it becomes what it was asked to be at once. */
  function withdrawRun(id: string, how: RunInterrupt): void {
    active.get(id)?.settle()
    active.delete(id)
    // First: a state that cannot be written must not leave a run waiting that nobody knows.
    changeQueue(withdraw(queue, id))
    changeState(id, how === 'cancel' ? 'cancelled' : 'paused')
  }

  function begin(requests: readonly RunRequest[]): Run[] {
    for (const request of requests) plan(request)
    const jobs = storeAll(requests)
    const started = jobs.map(({ runId }) => repository.get(runId))
    for (const run of started) emit('run/changed', run)
    for (const job of jobs) submit(job, null)
    return started
  }

  return {
    ...views,
    ...createRunRecovery(parts),
    plan,
    progress: (id: string): RunProgress | null => progress.get(id) ?? null,
    start: (request: RunRequest): Run => begin([request])[0]!,

    /** The same once for each seed: all of them or, when something is wrong, none. */
    startSeeds({ request, seeds }: ParsedInput<'runs/start-seeds'>): Run[] {
      if (new Set(seeds).size < seeds.length)
        throw new AppError('invalid-input', 'A seed is named twice, which would give the same run twice.')
      return begin(seeds.map((seed) => withSeed(request, seed)))
    },

    queue: toldQueue,

    move({ id, position }: ParsedInput<'runs/move'>): RunQueue {
      if (queue.waiting.includes(id)) return changeQueue(move(queue, id, position))
      const run = repository.get(id)
      throw new AppError('invalid-input', `${run.name} is not waiting (it is ${run.status}).`)
    },

    holdQueue: ({ held }: ParsedInput<'runs/hold-queue'>): RunQueue => changeQueue(hold(queue, held)),

    annotate({ id, ...said }: ParsedInput<'runs/annotate'>): Run {
      const run = repository.get(id)
      const { name = run.name, notes } = annotate(run.folder, said)
      repository.annotate(id, { name, notes })
      const changed = repository.get(id)
      emit('run/changed', changed)
      return changed
    },

    /** Goes on where the last checkpoint is. */
    resume({ id, stopSearch, adjustment }: ParsedInput<'runs/resume'>): Run {
      const run = repository.get(id)
      if (active.has(id)) return run
      if (run.status === 'finished')
        throw new AppError('invalid-input', `${run.name} is finished, so there is nothing to resume.`, {
          hint: `Its result is there to be seen (dplstudio runs show ${id}).`,
        })
      const stored = followPictures(run.folder, rootOf(run.datasetId))
      checkWeights(stored)
      const job = adjustment === undefined ? stored : adjustRun(stored, run.folder, adjustment, now())
      if (adjustment !== undefined) indexRun(repository, run.folder)
      changeState(id, 'queued')
      submit(job, stopSearch ? 'stop-search' : null)
      return repository.get(id)
    },

    /** Answers at once; `run/changed` tells when it is done. */
    interrupt({ id, how }: ParsedInput<'runs/interrupt'>): void {
      const run = repository.get(id)
      const mine = active.get(id)
      if (queue.waiting.includes(id) && how !== 'stop-search') {
        withdrawRun(id, how)
        return
      }
      if (mine !== undefined) {
        mine.asked = how
        if (queue.running !== id) return
        if (how === 'kill') engine.kill(id)
        else void engine.interrupt(id, how)
        return
      }
      if (how === 'cancel' && run.status === 'paused') {
        changeState(id, 'cancelled')
        return
      }
      throw new AppError('invalid-input', `${run.name} is not running here (it is ${run.status}).`)
    },

    delete(id: string): void {
      const run = repository.get(id)
      if (active.has(id))
        throw new AppError('invalid-input', `${run.name} is running.`, { hint: 'Stop it first.' })
      rmSync(run.folder, { recursive: true, force: true })
      repository.delete(id)
      emit('run/deleted', { id })
    },

    /** Pauses every run that is under way here and waits until each has got its state. */
    async pauseAll(): Promise<void> {
      ending = true
      for (const id of queue.waiting) withdrawRun(id, 'pause')
      for (const [id, mine] of active) {
        if (mine.asked !== 'cancel') mine.asked = 'pause'
        void engine.interrupt(id, 'pause')
      }
      await Promise.all([...active.values()].map(({ ended }) => ended))
    },
  }
}

export type Runs = ReturnType<typeof createRuns>

function checkWeights({ name, model }: RunJob): void {
  if (existsSync(model.path)) return
  throw new AppError('not-found', `${name} cannot go on without its CLIP: there is no ${model.path}`, {
    hint: 'Mount the drive it is on, or put the files back.',
  })
}

/** What a run that ended with an error becomes. What was stopped, and what ran out of disk, only waits. */
function stateAfter(error: AppError, asked: RunInterrupt | null): [RunStatus, SerializedError | null] {
  if (error.code === 'run-cancelled') return [asked === 'cancel' ? 'cancelled' : 'paused', null]
  return [error.code === 'disk-full' ? 'paused' : 'failed', error.toJSON()]
}
