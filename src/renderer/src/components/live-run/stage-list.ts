import type { RunEstimate } from '#shared/schemas/queue'
import type { Run, RunProgress } from '#shared/schemas/run-record'
import type { RunResult, SearchEpoch, Stage, TrainEpoch } from '#shared/schemas/run'
import { stagesOf } from '../runs/run-stages.ts'

/** What a run has come to: it changes with an epoch, which is all that charts are drawn for. */
export interface RunHistory {
  readonly run: Run
  readonly search: readonly SearchEpoch[]
  readonly train: readonly TrainEpoch[]
  readonly result: RunResult
}

/** All that a run has told, and what was expected of it. */
export interface RunFacts extends RunHistory {
  readonly progress: RunProgress | undefined
  readonly estimate: RunEstimate | null
}

/** One stage of the bar. */
export interface StageState {
  readonly stage: Stage
  readonly state: 'done' | 'current' | 'waiting'
  /** of stages that have epochs */
  readonly epochs: { readonly done: number; readonly total: number } | null
  /** 0..1 */
  readonly share: number
  readonly secondsLeft: number | null
}

/** The last finished epoch; everything up to it survives whatever happens. */
export interface SafePoint {
  readonly stage: 'search' | 'train'
  readonly epoch: number
}

/** How many of the last epochs tell how long the next will take. */
const RECENT_EPOCHS = 5

/** Every stage with how far it is and what it still takes. */
export function stageStates(facts: RunFacts): StageState[] {
  const stages = stagesOf(facts.run.kind)
  const current = facts.run.status === 'finished' ? stages.length : stages.indexOf(currentStage(facts))
  return stages.map((stage, i) => {
    const state = i < current ? 'done' : i === current ? 'current' : 'waiting'
    const epochs = epochsOf(facts, stage)
    return {
      stage,
      state,
      epochs,
      share: state === 'done' ? 1 : state === 'waiting' ? 0 : shareOf(facts, stage, epochs),
      secondsLeft: state === 'done' ? 0 : secondsLeftOf(facts, stage, state === 'current'),
    }
  })
}

/** The stage at work, or where a run that is not at work has come to. */
export function currentStage({ run, progress, search, train, result }: RunFacts): Stage {
  const reached =
    train.length > 0 || (result.contextLengths !== undefined && run.kind === 'search-and-train')
      ? 'train'
      : search.length > 0
        ? 'search'
        : result.zeroShot !== undefined
          ? run.kind === 'train'
            ? 'train'
            : 'search'
          : 'prepare'
  if (progress === undefined) return reached
  // After the search its mixed prompts are scored too; the search ends with that.
  if (progress.stage === 'evaluate' && run.kind === 'search-and-train' && train.length === 0) return 'search'
  // Weights are loaded again when a run is resumed.
  return progress.stage
}

/** The seconds of all stages together; null while one of them is not known. */
export function totalSecondsLeft(stages: readonly StageState[]): number | null {
  return stages.reduce<number | null>(
    (sum, { secondsLeft }) => (sum === null || secondsLeft === null ? null : sum + secondsLeft),
    0,
  )
}

export function safePoint({ search, train }: Pick<RunHistory, 'search' | 'train'>): SafePoint | null {
  const [lastTrain, lastSearch] = [train.at(-1), search.at(-1)]
  if (lastTrain !== undefined) return { stage: 'train', epoch: lastTrain.epoch }
  return lastSearch === undefined || lastSearch.epoch === 0
    ? null
    : { stage: 'search', epoch: lastSearch.epoch }
}

/** The median of the last epochs: one that was disturbed does not count. Epoch 0 is no work. */
export function secondsPerEpoch(epochs: readonly { epoch: number; seconds: number }[]): number | null {
  const recent = epochs
    .filter(({ epoch }) => epoch > 0)
    .slice(-RECENT_EPOCHS)
    .map(({ seconds }) => seconds)
    .sort((a, b) => a - b)
  return recent[Math.floor(recent.length / 2)] ?? null
}

/**
 * When something will end, as seconds on the clock, without jumping at every report: an estimate that is near the
 * last one moves it a little, one that is far off replaces it.
 */
export function smoothEnd(previous: number | null, measured: number, now: number): number {
  if (previous === null) return measured
  const off = Math.abs(measured - previous) / Math.max(1, measured - now)
  return off > 0.5 ? measured : previous + (measured - previous) * 0.25
}

function epochsOf({ run, search, train }: RunFacts, stage: Stage): StageState['epochs'] {
  if (stage === 'search') return { done: search.at(-1)?.epoch ?? 0, total: run.config.search.epochs }
  if (stage === 'train') return { done: train.at(-1)?.epoch ?? 0, total: run.config.train.epochs }
  return null
}

function shareOf({ progress }: RunFacts, stage: Stage, epochs: StageState['epochs']): number {
  if (progress?.stage === stage && progress.total > 0) return Math.min(1, progress.done / progress.total)
  return epochs === null ? 0 : epochs.done / epochs.total
}

function secondsLeftOf(facts: RunFacts, stage: Stage, isCurrent: boolean): number | null {
  const { progress, result, estimate, run } = facts
  if (isCurrent && progress?.stage === stage && progress.secondsLeft !== null) return progress.secondsLeft
  switch (stage) {
    case 'prepare':
      return 0
    case 'zero-shot':
      return estimate?.scoringSeconds === undefined || estimate.scoringSeconds === null
        ? null
        : estimate.scoringSeconds / 2
    case 'evaluate':
      return result.zeroShot?.seconds ?? (estimate?.scoringSeconds ? estimate.scoringSeconds / 2 : null)
    case 'search':
    case 'train': {
      const { epochs } = run.config[stage]
      const known = secondsPerEpoch(facts[stage])
      const left = epochs - (facts[stage].at(-1)?.epoch ?? 0)
      if (known !== null) return known * left
      const whole = stage === 'search' ? estimate?.searchSeconds : estimate?.trainSeconds
      return whole === undefined || whole === null ? null : (whole * left) / epochs
    }
    default:
      return null
  }
}
