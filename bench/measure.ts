import { join } from 'node:path'
import {
  implementationNames,
  implementations,
  settingOf,
  shapes,
  type BenchCase,
  type ImplementationName,
} from './cases.ts'
import { readProcessorTimes, shareOfOthers } from './machine.ts'
import { startWorker, type Worker } from './worker-process.ts'
import type { Built, Check, Memory, Profile } from './worker-protocol.ts'

/** How to start the programs. */
export interface Programs {
  /** null where there is no PyTorch */
  readonly python: string | null
  readonly engineEnvironment: NodeJS.ProcessEnv
}

/** What was found about one program in one case. */
export interface Measured {
  readonly built: Built | null
  readonly check: Check | null
  /** of every timed step */
  readonly seconds: readonly number[]
  /** of the last step; all programs have taken equally many */
  readonly lastLosses: readonly number[]
  readonly memory: Memory | null
  readonly profile: Profile | null
  /** why figures are missing */
  readonly problem: string | null
}

/** One line of the benchmark with everything found. */
export interface CaseResult {
  readonly case: BenchCase
  readonly measured: Partial<Record<ImplementationName, Measured>>
  /** largest relative difference of losses and of gradients from ours; null when there was nothing to compare */
  readonly agreement: Partial<Record<ImplementationName, Agreement>>
  /** share of the processors that other programs took while steps were timed */
  readonly otherLoad: number | null
}

export interface Agreement {
  readonly losses: number
  readonly gradients: number
}

/** Beyond this the programs do not compute the same, and their times mean nothing. */
const LARGEST_DIFFERENCE = 1e-3

/** A program in the middle of a case. */
interface Participant {
  readonly name: ImplementationName
  readonly worker: Worker
  found: Measured
}

/**
 * Measures one case: all programs are started, take one step that is compared, warm up, and then take turns.
 * They end with the case, so that each one's memory is that of this case alone.
 */
export async function measureCase(
  benchCase: BenchCase,
  programs: Programs,
  { rounds, profile, say }: { rounds: number; profile: boolean; say: (text: string) => void },
): Promise<CaseResult> {
  const names = implementationNames.filter(
    (name) => programs.python !== null || implementations[name].program === 'engine',
  )
  const participants = names.map((name): Participant => ({
    name,
    worker: start(name, programs),
    found: nothing,
  }))
  const { warmUpSteps, stepsPerTurn } = shapes[benchCase.shape]
  try {
    say('starting the programs')
    const setting = settingOf(benchCase)
    await Promise.all(
      participants.map((each) =>
        attempt(each, async ({ worker, name }) => ({
          built: await worker.ask({ ask: 'build', variant: implementations[name].variant, setting }),
        })),
      ),
    )
    await inTurn(participants, say, 'first step', async ({ worker }) => ({
      check: await worker.ask({ ask: 'check' }),
    }))
    const agreement = compareWithOurs(participants)
    if (warmUpSteps > 1)
      await inTurn(participants, say, 'warm-up', ({ worker }) => warmUp(worker, warmUpSteps - 1))
    await inTurn(participants, say, 'memory', async ({ worker }) => {
      await worker.ask({ ask: 'forget-peak' })
      return {}
    })
    const pids = [process.pid, ...participants.map(({ worker }) => worker.pid)]
    const before = readProcessorTimes(pids)
    for (let round = 1; round <= rounds; round++)
      await inTurn(participants, say, `round ${round} of ${rounds}`, (each) => takeTurn(each, stepsPerTurn))
    const otherLoad = shareOfOthers(before, readProcessorTimes(pids))
    await inTurn(participants, say, 'memory', async ({ worker }) => ({
      memory: await worker.ask({ ask: 'memory' }),
    }))
    if (profile)
      await inTurn(participants, say, 'profile', async ({ worker }) => ({
        profile: await worker.ask({ ask: 'profile' }),
      }))
    return { case: benchCase, measured: resultsOf(participants), agreement, otherLoad }
  } finally {
    await Promise.all(participants.map(({ worker }) => worker.end()))
  }
}

const nothing: Measured = {
  built: null,
  check: null,
  seconds: [],
  lastLosses: [],
  memory: null,
  profile: null,
  problem: null,
}

function start(name: ImplementationName, { python, engineEnvironment }: Programs): Worker {
  const folder = import.meta.dirname
  // Whatever a worker is, it must not start the benchmark again.
  const guard = { DPLSTUDIO_BENCH_CHILD: '1' }
  if (implementations[name].program === 'engine') {
    const args = [...process.execArgv, '--expose-gc', join(folder, 'engine-worker.ts')]
    return startWorker(process.execPath, args, { ...engineEnvironment, ...guard })
  }
  return startWorker(python!, ['-B', join(folder, 'reference.py')], { ...process.env, ...guard })
}

async function inTurn(
  participants: readonly Participant[],
  say: (text: string) => void,
  what: string,
  body: (participant: Participant) => Promise<Partial<Measured>>,
): Promise<void> {
  for (const participant of participants) {
    if (participant.found.problem !== null) continue
    say(`${what}: ${implementations[participant.name].title}`)
    await attempt(participant, body)
  }
}

/** A program that fails is left out from then on; the others go on. */
async function attempt(
  participant: Participant,
  body: (participant: Participant) => Promise<Partial<Measured>>,
): Promise<void> {
  try {
    participant.found = { ...participant.found, ...(await body(participant)) }
  } catch (thrown) {
    const problem = thrown instanceof Error ? thrown.message : String(thrown)
    participant.found = { ...participant.found, problem }
  }
}

async function warmUp(worker: Worker, count: number): Promise<Partial<Measured>> {
  await worker.ask({ ask: 'steps', count })
  return {}
}

async function takeTurn({ worker, found }: Participant, count: number): Promise<Partial<Measured>> {
  const { seconds, losses } = await worker.ask({ ask: 'steps', count })
  return { seconds: [...found.seconds, ...seconds], lastLosses: losses }
}

/** Holds every program's first step against ours; who differs is not timed. */
function compareWithOurs(participants: readonly Participant[]): CaseResult['agreement'] {
  const ours = participants.find(({ name }) => name === 'ours')?.found.check
  if (ours == null) return {}
  const agreement: Partial<Record<ImplementationName, Agreement>> = {}
  for (const participant of participants) {
    const { name, found } = participant
    if (name === 'ours' || found.check === null) continue
    const differences = agreementOf(ours, found.check)
    agreement[name] = differences
    const worst = Math.max(differences.losses, differences.gradients)
    if (!(worst <= LARGEST_DIFFERENCE))
      participant.found = {
        ...found,
        problem: `it does not compute the same as ours (relative difference ${worst.toExponential(1)}), so it was not timed`,
      }
  }
  return agreement
}

function agreementOf(ours: Check, theirs: Check): Agreement {
  const losses = ours.losses.map((loss, i) => relativeDifference(loss, theirs.losses[i]))
  const gradients = Object.entries(ours.velocities).flatMap(([name, { norm, projection }]) => {
    const other = theirs.velocities[name]
    if (other === undefined) return [Number.POSITIVE_INFINITY]
    return [relativeDifference(norm, other.norm), Math.abs(projection - other.projection) / norm]
  })
  return { losses: Math.max(...losses), gradients: Math.max(...gradients) }
}

function relativeDifference(expected: number, found: number | undefined): number {
  return found === undefined ? Number.POSITIVE_INFINITY : Math.abs(found - expected) / Math.abs(expected)
}

function resultsOf(participants: readonly Participant[]): CaseResult['measured'] {
  return Object.fromEntries(participants.map(({ name, found }) => [name, found]))
}
