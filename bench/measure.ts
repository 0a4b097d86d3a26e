import { join } from 'node:path'
import { agree, compareChecks, type Agreement } from './agreement.ts'
import {
  implementationNames,
  implementations,
  memoryForAll,
  settingOf,
  shapes,
  type BenchCase,
  type ImplementationName,
  type Setting,
} from './cases.ts'
import { availableMemory, readProcessorTimes, shareOfOthers } from './machine.ts'
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
  /** null for ours, which the others are held against */
  readonly agreement: Agreement | null
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
  /** whether the programs took turns; otherwise memory did not suffice and they ran one after the other */
  readonly interleaved: boolean
  /** share of the processors that other programs took while steps were timed */
  readonly otherLoad: number | null
}

/** How thoroughly, and whom to tell. */
export interface Manner {
  readonly rounds: number
  readonly profile: boolean
  readonly say: (text: string) => void
}

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
  manner: Manner,
): Promise<CaseResult> {
  const names = implementationNames.filter(
    (name) => programs.python !== null || implementations[name].program === 'engine',
  )
  const interleaved = names.length === 1 || memoryForAll(benchCase) <= (availableMemory() ?? Infinity)
  if (!interleaved) manner.say('not enough memory for all programs at once: one after the other')
  const measured: Partial<Record<ImplementationName, Measured>> = {}
  const loads: number[] = []
  for (const group of interleaved ? [names] : names.map((name) => [name])) {
    const participants = group.map((name) => ({ name, worker: start(name, programs), found: nothing }))
    try {
      const load = await measureTogether(participants, benchCase, manner, measured.ours?.check ?? null)
      if (load !== null) loads.push(load)
    } finally {
      await Promise.all(participants.map(({ worker }) => worker.end()))
    }
    for (const { name, found } of participants) measured[name] = found
  }
  return {
    case: benchCase,
    measured,
    interleaved,
    otherLoad: loads.length === 0 ? null : Math.max(...loads),
  }
}

const nothing: Measured = {
  built: null,
  check: null,
  agreement: null,
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

/** Takes the participants through a case and leaves in each what was found. Gives the load of other programs. */
async function measureTogether(
  participants: Participant[],
  benchCase: BenchCase,
  { rounds, profile, say }: Manner,
  earlierCheck: Check | null,
): Promise<number | null> {
  const { warmUpSteps, stepsPerTurn } = shapes[benchCase.shape]
  const inTurn = async (what: string, body: Attempt) => {
    for (const each of participants.filter(({ found }) => found.problem === null)) {
      say(`${what}, ${implementations[each.name].title}`)
      await attempt(each, body)
    }
  }
  say('starting')
  const setting = settingOf(benchCase)
  await Promise.all(participants.map((each) => attempt(each, (one) => build(one, setting))))
  await inTurn('first step', async ({ worker }) => ({ check: await worker.ask({ ask: 'check' }) }))
  compareWithOurs(participants, earlierCheck)
  await inTurn('warm-up', ({ worker }) => warmUp(worker, warmUpSteps - 1))
  const pids = [process.pid, ...participants.map(({ worker }) => worker.pid)]
  const before = readProcessorTimes(pids)
  for (let round = 1; round <= rounds; round++)
    await inTurn(`round ${round} of ${rounds}`, (each) => takeTurn(each, stepsPerTurn))
  const load = shareOfOthers(before, readProcessorTimes(pids))
  await inTurn('memory', async ({ worker }) => ({ memory: await worker.ask({ ask: 'memory' }) }))
  if (profile)
    await inTurn('profile', async ({ worker }) => ({ profile: await worker.ask({ ask: 'profile' }) }))
  return load
}

type Attempt = (participant: Participant) => Promise<Partial<Measured>>

/** A program that fails is left out from then on; the others go on. */
async function attempt(participant: Participant, body: Attempt): Promise<void> {
  try {
    participant.found = { ...participant.found, ...(await body(participant)) }
  } catch (thrown) {
    const problem = thrown instanceof Error ? thrown.message : String(thrown)
    participant.found = { ...participant.found, problem }
  }
}

async function build({ name, worker }: Participant, setting: Setting): Promise<Partial<Measured>> {
  return { built: await worker.ask({ ask: 'build', variant: implementations[name].variant, setting }) }
}

async function warmUp(worker: Worker, count: number): Promise<Partial<Measured>> {
  if (count > 0) await worker.ask({ ask: 'steps', count })
  await worker.ask({ ask: 'forget-peak' })
  return {}
}

async function takeTurn({ worker, found }: Participant, count: number): Promise<Partial<Measured>> {
  const { seconds, losses } = await worker.ask({ ask: 'steps', count })
  return { seconds: [...found.seconds, ...seconds], lastLosses: losses }
}

/** Holds every program's first step against ours; who differs, or cannot be compared, is not timed. */
function compareWithOurs(participants: readonly Participant[], earlierCheck: Check | null): void {
  const ours = participants.find(({ name }) => name === 'ours')?.found.check ?? earlierCheck
  for (const participant of participants) {
    const { name, found } = participant
    if (name === 'ours' || found.check === null) continue
    const agreement = ours === null ? null : compareChecks(ours, found.check)
    participant.found = { ...found, agreement, problem: objectionTo(agreement) }
  }
}

function objectionTo(agreement: Agreement | null): string | null {
  if (agreement === null) return 'there is no step of ours to compare with, so it was not timed'
  if (agree(agreement)) return null
  const { losses, gradients } = agreement
  const differences = `losses by ${losses.toExponential(1)}, gradients by ${gradients.toExponential(1)} relative`
  return `it does not compute the same as ours (${differences}), so it was not timed`
}
