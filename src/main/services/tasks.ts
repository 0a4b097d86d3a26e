import { randomUUID } from 'node:crypto'
import type { Emit } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Task, TaskKind, TaskOutcome } from '#shared/schemas/task'

/** How long a finished task can be asked for. */
const REMEMBERED = 200
/** Progress is told at most this often, so that a quick job does not drown its listeners. */
const PROGRESS_INTERVAL_MS = 50

export interface TaskContext {
  readonly id: string
  readonly signal: AbortSignal
  progress(message: string, done: number, total: number | null, secondsLeft?: number | null): void
}

/** Work that takes longer than a request may. */
export function createTasks({ emit }: { emit: Emit }) {
  const tasks = new Map<string, { task: Task; abort: AbortController; ended: Promise<void> }>()

  function contextOf(id: string, signal: AbortSignal): TaskContext {
    let last = 0
    let lastMessage = ''
    return {
      id,
      signal,
      progress(message, done, total, secondsLeft = null) {
        const now = performance.now()
        // A step that cannot be counted is told once, so it must not be lost behind the one before.
        const isStep = total === null && message !== lastMessage
        if (now - last < PROGRESS_INTERVAL_MS && done !== total && !isStep) return
        ;[last, lastMessage] = [now, message]
        emit('task/progress', { id, message, done, total, secondsLeft })
      },
    }
  }

  function change(id: string, changes: Partial<Task>): void {
    const entry = tasks.get(id)
    if (entry === undefined) return
    entry.task = { ...entry.task, ...changes }
    emit('task/changed', entry.task)
  }

  function forgetOldest(): void {
    for (const [id, { task }] of tasks) {
      if (tasks.size <= REMEMBERED) return
      if (task.status !== 'running') tasks.delete(id)
    }
  }

  function find(id: string) {
    const entry = tasks.get(id)
    if (entry === undefined) throw new AppError('not-found', `There is no task ${id}`)
    return entry
  }

  return {
    /** Begins with the work and answers at once. */
    start(kind: TaskKind, work: (context: TaskContext) => Promise<TaskOutcome>): Task {
      const id = randomUUID()
      const abort = new AbortController()
      const task: Task = { id, kind, status: 'running', outcome: null, error: null }
      // Deferred, so that whoever asked knows the id before it hears of the end.
      const ended = Promise.resolve()
        .then(() => work(contextOf(id, abort.signal)))
        .then(
          (outcome) => change(id, { status: 'finished', outcome }),
          (thrown: unknown) => change(id, failure(thrown, abort.signal)),
        )
      tasks.set(id, { task, abort, ended })
      forgetOldest()
      return task
    },

    get: (id: string): Task => find(id).task,

    /** In the order of their starts, without outcomes. */
    list: (): Task[] => [...tasks.values()].map(({ task }) => ({ ...task, outcome: null })),

    /** Asks a task to stop; what has ended stays as it is. */
    cancel: (id: string): void => find(id).abort.abort(stopped()),

    /** Stops everything and waits for the ends. */
    async dispose(): Promise<void> {
      const running = [...tasks.values()].filter(({ task }) => task.status === 'running')
      for (const { abort } of running) abort.abort(stopped())
      await Promise.all(running.map(({ ended }) => ended))
    },
  }
}

export type Tasks = ReturnType<typeof createTasks>

function failure(thrown: unknown, signal: AbortSignal): Partial<Task> {
  const error = AppError.from(thrown)
  const cancelled = signal.aborted || error.code === 'run-cancelled'
  return { status: cancelled ? 'cancelled' : 'failed', error: error.toJSON() }
}

function stopped(): AppError {
  return new AppError('run-cancelled', 'Stopped on demand')
}
