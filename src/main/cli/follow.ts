import type { Api } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Run, RunProgress } from '#shared/schemas/run-record'
import type { EpochReport, RunResult, SearchEpoch } from '#shared/schemas/run'
import type { Task, TaskKind, TaskOutcome } from '#shared/schemas/task'
import type { CommandContext, Outcome } from './command.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { duration, percent } from './format.ts'
import { choiceText, epochLine, epochNumbers, resultText } from './run-view.ts'

const METHOD_NAMES = {
  'zero-shot': 'Zero-shot',
  supprompt: 'Supprompt (after the search)',
  dpl: 'DPL',
} as const

/** Starts a task, shows its progress and gives its outcome. Ctrl+C cancels it. Rejects with the task's error. */
export async function runTask<Kind extends TaskKind>(
  { api, progress, signal }: Pick<CommandContext, 'api' | 'progress' | 'signal'>,
  kind: Kind,
  start: () => Promise<Task>,
): Promise<Extract<TaskOutcome, { kind: Kind }>> {
  // Listen first and ask second, so that nothing is missed.
  const ends = new Map<string, Task>()
  let wake = () => {}
  const stops = [
    api.on('task/progress', ({ message, done, total, secondsLeft }) =>
      progress.stage(message, done, total, secondsLeft),
    ),
    api.on('task/changed', (task) => {
      if (task.status !== 'running') ends.set(task.id, task)
      wake()
    }),
  ]
  try {
    const { id } = await start()
    const cancel = () => void api.request('tasks/cancel', { id })
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
    while (!ends.has(id)) await new Promise<void>((resolve) => (wake = resolve))
    signal.removeEventListener('abort', cancel)
    const { outcome, error } = ends.get(id)!
    if (error !== null) throw AppError.fromJSON(error)
    if (outcome?.kind !== kind) throw new AppError('internal', `A ${kind} task ended without a result`)
    return outcome as Extract<TaskOutcome, { kind: Kind }>
  } finally {
    for (const stop of stops) stop()
    progress.clear()
  }
}

/** Shows a run of this process until it ends. The first Ctrl+C pauses it with a checkpoint. */
export async function followRun({ api, progress, signal }: CommandContext, run: Run): Promise<Run> {
  const { id } = run
  const view = createRunView(progress, run)
  const pause = () => {
    progress.line(`Pausing ${id} at the end of its step... (Ctrl+C again to end it at once)`)
    api.request('runs/interrupt', { id, how: 'pause' }).catch(() => undefined)
  }
  const stops = [
    api.on('run/progress', (told) => {
      if (told.runId === id) view.onProgress(told)
    }),
    api.on('run/epoch', ({ runId, report }) => {
      if (runId === id) view.onEpoch(report)
    }),
    api.on('run/evaluated', ({ runId, method, evaluation }) => {
      if (runId === id)
        progress.line(
          `${METHOD_NAMES[method]}: ${percent(evaluation.accuracy)} of ${evaluation.images} ${evaluation.split} images`,
        )
    }),
  ]
  signal.addEventListener('abort', pause)
  try {
    if (signal.aborted) pause()
    return await whenEnded(api, id)
  } finally {
    signal.removeEventListener('abort', pause)
    for (const stop of stops) stop()
    progress.clear()
  }
}

/** Listens first and asks second, so that a run that ends in between is not missed. */
function whenEnded(api: Api, id: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const check = (run: Run) => {
      if (run.id !== id || !hasEnded(run)) return
      stop()
      resolve(run)
    }
    const stop = api.on('run/changed', check)
    api.request('runs/get', { id }).then(check, reject)
  })
}

/** Whether nobody is at work on a run any more. */
export function hasEnded({ status }: Run): boolean {
  return status !== 'queued' && status !== 'running'
}

/** Tells of a run's epochs: in one live line on a terminal, in a line each elsewhere. */
export function createRunView(progress: CommandContext['progress'], run: Run) {
  let last: EpochReport | null = null
  let searched: SearchEpoch | null = null

  const tellChoice = () => {
    if (searched !== null) progress.line(choiceText(searched, run.config.search.options))
    searched = null
  }
  return {
    onProgress({ stage, message, done, total, epoch, epochs, secondsLeft }: RunProgress): void {
      if (stage !== 'search') tellChoice()
      if (epoch === undefined || epochs === undefined) {
        progress.stage(message, done, total, secondsLeft)
        return
      }
      const left = secondsLeft === null ? '' : `  ETA ${duration(secondsLeft)}`
      // A narrow terminal cuts off the end, so what matters most comes first.
      const numbers = last?.stage === stage ? `  ${epochNumbers(last)}` : ''
      progress.status(
        `${stage} ${Math.min(epoch, epochs)}/${epochs}${left}${numbers}`,
        total === 0 ? 0 : done / total,
      )
    },
    onEpoch(report: EpochReport): void {
      if (report.stage === 'train') tellChoice()
      else searched = report
      last = report
      if (!progress.isLive || report.epoch === report.epochs) progress.line(epochLine(report))
      if (report.stage === 'search' && report.epoch === report.epochs) tellChoice()
    },
  }
}

/** A run's end as the outcome of a command: with how to go on, where there is more to do. */
export async function runOutcome(api: Api, run: Run): Promise<Outcome> {
  const result: RunResult = await api.request('runs/result', { id: run.id })
  const next = nextSteps(run)
  return {
    json: { run, result },
    text: [resultText(run, result), ...next].join('\n'),
    exitCode: runExitCode(run),
    ...(run.error !== null && { error: run.error }),
  }
}

function runExitCode({ status, error }: Run): number {
  if (error !== null) return exitCodeOf(error.code)
  if (status === 'paused' || status === 'cancelled') return exitCodes.cancelled
  return status === 'failed' ? exitCodes.failed : exitCodes.ok
}

function nextSteps({ id, kind, status, contextLengths }: Run): string[] {
  if (status === 'paused') {
    const isSearching = kind === 'search-and-train' && contextLengths === null
    return [
      `Paused. Go on with: dplstudio resume ${id}`,
      ...(isSearching
        ? [`Or train with what the search has chosen so far: dplstudio resume ${id} --stop-search`]
        : []),
    ]
  }
  if (status === 'cancelled') return [`Cancelled, and kept as it is. Go on with: dplstudio resume ${id}`]
  if (status !== 'finished') return []
  if (kind === 'search') return [`Train with these context lengths: dplstudio train --from ${id}`]
  return kind === 'zero-shot' ? [] : [`Export the prompts: dplstudio export ${id}`]
}
