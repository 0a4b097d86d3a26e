import { AppError } from '#shared/errors'
import { letMessagesIn } from '../tensor/event-loop.ts'
import { disposeAll, type NamedTensors } from '../tensor/memory.ts'

/** Sums over the steps of an epoch, by name. */
export type Totals<Name extends string = string> = Readonly<Record<Name, number>>

/** Where a stage stands between two steps: everything needed to continue it. */
export interface StagePoint<Name extends string> {
  readonly state: NamedTensors
  /** finished epochs */
  readonly epoch: number
  /** finished steps of the epoch under way */
  readonly step: number
  /** sums over those steps; `seconds` is always among them */
  readonly totals: Totals<Name | 'seconds'>
}

/** A stage seen from its loop: how many steps, what one of them does, and what is said after an epoch. */
export interface StageLoop<Name extends string, Report> {
  readonly epochs: number
  readonly stepsPerEpoch: number
  /** gives a new state, owned by the loop, and leaves the old one alone */
  takeStep(
    state: NamedTensors,
    epoch: number,
    step: number,
  ): Promise<{ state: NamedTensors; totals: Totals<Name> }>
  /** null when it was asked to stop meanwhile: the epoch's steps are done but its report is not */
  describe(point: StagePoint<Name>): Promise<Report | null>
}

/** How a stage is watched and stopped from outside, both between two steps. */
export interface StageControl {
  stopRequested(): boolean
  onStep(position: { epoch: number; step: number; stepsPerEpoch: number }): void
}

/**
 * Runs the epochs of a stage. Yields after every epoch; without a report once when it is asked to stop, or when it was
 * started with all epochs done. A yielded state is borrowed until the next one is asked for. Takes ownership of
 * `start.state`.
 */
export async function* runEpochs<Name extends string, Report>(
  loop: StageLoop<Name, Report>,
  start: StagePoint<Name>,
  control: StageControl,
): AsyncGenerator<StagePoint<Name> & { report: Report | null }> {
  let { state, epoch, step, totals } = start
  try {
    if (epoch >= loop.epochs) yield { state, epoch, step, totals, report: null }
    for (; epoch < loop.epochs; epoch++) {
      for (; step < loop.stepsPerEpoch; step++) {
        if (control.stopRequested()) {
          yield { state, epoch, step, totals, report: null }
          return
        }
        const began = performance.now()
        const next = await loop.takeStep(state, epoch, step)
        disposeAll(state)
        state = next.state
        totals = add(totals, { ...next.totals, seconds: (performance.now() - began) / 1000 })
        checkFinite(totals, epoch, step)
        control.onStep({ epoch, step: step + 1, stepsPerEpoch: loop.stepsPerEpoch })
        await letMessagesIn()
      }
      const report = await loop.describe({ state, epoch: epoch + 1, step, totals })
      if (report === null) {
        yield { state, epoch, step, totals, report }
        return
      }
      totals = zero(totals)
      step = 0
      yield { state, epoch: epoch + 1, step, totals, report }
    }
  } finally {
    disposeAll(state)
  }
}

/** Stops before a checkpoint is spoilt: the last one still holds finite numbers. */
function checkFinite(totals: Totals, epoch: number, step: number): void {
  if (Object.values(totals).every(Number.isFinite)) return
  throw new AppError('diverged', `The loss is no longer a number in epoch ${epoch + 1}, step ${step + 1}.`, {
    hint: 'The last checkpoint and all finished epochs are kept. Resume with half the learning rate (--rate), or start again with a lower one.',
  })
}

function add<Name extends string>(totals: Totals<Name>, more: Totals<Name>): Totals<Name> {
  return mapTotals(totals, (value, name) => value + more[name])
}

function zero<Name extends string>(totals: Totals<Name>): Totals<Name> {
  return mapTotals(totals, () => 0)
}

function mapTotals<Name extends string>(
  totals: Totals<Name>,
  change: (value: number, name: Name) => number,
): Totals<Name> {
  const entries = (Object.keys(totals) as Name[]).map((name) => [name, change(totals[name], name)])
  return Object.fromEntries(entries) as Totals<Name>
}
