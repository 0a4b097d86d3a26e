/**
 * Kills the engine at random moments of runs on the starter model, resumes after each kill, and holds what comes out
 * against a run that was left alone: the proof that a power cut costs an epoch at most. `node bench/kill-soak.ts
 * [kills] [seed] [engine program]`, over the built program. Ends with 1 when anything differs.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { AppError } from '#shared/errors'
import { RunConfig, type EpochReport } from '#shared/schemas/run'
import { readEpochs } from '#main/epoch-log'
import { runFiles } from '#main/run-folder'
import { createRandom } from '#main/engine/tensor/random'
import { outcomeOfRun, startOnce } from '../tests/support/killed-runs.ts'
import { writeSampleRun } from '../tests/support/sample-run.ts'

const EPOCHS = 6
const config = RunConfig.parse({
  shots: 4,
  validationShots: 2,
  search: { epochs: EPOCHS, batchSize: 4, mixing: 'attention' },
  train: { epochs: EPOCHS, batchSize: 4 },
})

const GUARD = 'DPLSTUDIO_KILL_SOAK'

/** What one kill did. */
interface Kill {
  /** where the run stood: its last finished epoch */
  readonly after: string
  /** milliseconds from the start of the job */
  readonly delay: number
  /** finished epochs that had to be done again */
  readonly lost: number
}

main().then(
  (status) => (process.exitCode = status),
  (thrown: unknown) => {
    process.stderr.write(`kill-soak: ${AppError.from(thrown).message}\n`)
    process.exitCode = 1
  },
)

async function main(): Promise<number> {
  if (process.env[GUARD] !== undefined) throw new AppError('internal', 'The soak must not start itself.')
  process.env[GUARD] = '1'
  const [kills = 20, seed = 1] = process.argv.slice(2, 4).map(Number)
  const folder = mkdtempSync(join(tmpdir(), 'kill-soak-'))
  try {
    return await soak(folder, kills, seed, process.argv[4])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function soak(folder: string, wanted: number, seed: number, program?: string): Promise<number> {
  const whole = join(folder, 'whole')
  await writeSampleRun(whole, { config })
  const began = performance.now()
  await startOnce(whole, { logFolder: folder, program })
  const duration = performance.now() - began
  say(`left alone: ${(duration / 1000).toFixed(1)} s`)
  const expected = outcomeOfRun(whole)
  const random = createRandom(seed, 'kill-soak')
  const kills: Kill[] = []
  const faults: string[] = []
  for (let number = 1; kills.length < wanted; number++) {
    const run = join(folder, `broken-${number}`)
    await writeSampleRun(run, { config })
    // Up to half of the whole time, so that most starts get somewhere and few get to the end.
    const delay = () => Math.round(random.uniform() * duration * 0.5)
    const left = wanted - kills.length
    kills.push(...(await killAgainAndAgain(run, { logFolder: folder, program, delay, left }, faults)))
    checkEnd(run, expected, faults)
    say(`run ${number}: finished after ${kills.length} of ${wanted} kills`)
  }
  report(kills, faults)
  return faults.length === 0 && kills.every(({ lost }) => lost <= 1) ? 0 : 1
}

interface Killing {
  logFolder: string
  program: string | undefined
  delay: () => number
  left: number
}

/** Starts a run until it is finished; the last starts, when there is nothing left to kill, are left alone. */
async function killAgainAndAgain(
  run: string,
  { logFolder, program, delay, left }: Killing,
  faults: string[],
): Promise<Kill[]> {
  const kills: Kill[] = []
  for (let open: Omit<Kill, 'lost'> | null = null; ;) {
    const before = readEpochs(runFiles(run).epochs)
    const after = delay()
    const killAfter = (event: string) =>
      event === 'start' && kills.length < left - Number(open !== null) ? after : null
    const { end, told } = await startOnce(run, { logFolder, program, killAfter })
    if (open !== null) kills.push({ ...open, lost: doneAgain(before, told) })
    open = null
    const stored = readEpochs(runFiles(run).epochs)
    checkKept(before, told, stored, faults)
    if (end !== 'killed') return kills
    open = { after: nameOf(stored.at(-1)), delay: after }
  }
}

/** Epochs that were in the log when the run was started again, and were told once more. */
function doneAgain(before: readonly EpochReport[], told: readonly EpochReport[]): number {
  const known = new Set(before.map(nameOf))
  return told.filter((report) => known.has(nameOf(report))).length
}

/** What was told is stored, what was stored stays, bit by bit, and every epoch is there once and in order. */
function checkKept(
  before: readonly EpochReport[],
  told: readonly EpochReport[],
  stored: readonly EpochReport[],
  faults: string[],
): void {
  const now = new Map(stored.map((report) => [nameOf(report), report]))
  for (const report of [...before, ...told]) {
    const kept = now.get(nameOf(report))
    if (kept === undefined) faults.push(`${nameOf(report)} was told or stored, and is gone`)
    else if (!isDeepStrictEqual({ ...kept, seconds: 0 }, { ...report, seconds: 0 }))
      faults.push(`${nameOf(report)} has changed`)
  }
  const names = stored.map(nameOf)
  const inOrder = [
    ...Array.from({ length: EPOCHS + 1 }, (_, epoch) => `search ${epoch}`),
    ...Array.from({ length: EPOCHS }, (_, epoch) => `train ${epoch + 1}`),
  ]
  if (!isDeepStrictEqual(names, inOrder.slice(0, names.length)))
    faults.push(`a curve with gaps: ${names.join(', ')}`)
}

function checkEnd(run: string, expected: ReturnType<typeof outcomeOfRun>, faults: string[]): void {
  const actual = outcomeOfRun(run)
  for (const key of Object.keys(expected) as (keyof typeof expected)[])
    if (!isDeepStrictEqual(actual[key], expected[key])) faults.push(`${run}: other ${key} at the end`)
  const lines = readFileSync(runFiles(run).epochs, 'utf8').trim().split('\n').length
  say(`  ${lines} lines in the log for ${actual.epochs.length} epochs`)
}

function report(kills: readonly Kill[], faults: readonly string[]): void {
  say('| kill | after | milliseconds from the start | finished epochs done again |')
  say('| --- | --- | --- | --- |')
  for (const [i, { after, delay, lost }] of kills.entries())
    say(`| ${i + 1} | ${after} | ${delay} | ${lost} |`)
  const most = Math.max(...kills.map(({ lost }) => lost))
  say(`${kills.length} kills; finished epochs lost at a kill: ${most} at most; ${faults.length} faults`)
  for (const fault of faults) say(`FAULT ${fault}`)
}

function nameOf(report: EpochReport | undefined): string {
  return report === undefined ? 'nothing' : `${report.stage} ${report.epoch}`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
