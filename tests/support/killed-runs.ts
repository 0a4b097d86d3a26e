import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RunResult, type EpochReport } from '#shared/schemas/run'
import { readAnswers } from '#main/answers-file'
import { dataFolder } from '#main/data-folder'
import { createEngineHost, type JobListeners } from '#main/engine-host/engine-host'
import { spawnNodeEngine } from '#main/engine-host/spawn-node-engine'
import { readEpochs } from '#main/epoch-log'
import { readJson } from '#main/files'
import { answersFile, runFiles } from '#main/run-folder'
import { engineEnvironment } from '#main/runtime/environment'
import { findPack } from '#main/runtime/packs'

/** The built engine. */
const ENGINE = join(import.meta.dirname, '..', '..', 'out', 'main', 'engine.js')

/** A host of real engines; their log goes into `logFolder`. */
export function createRealHost(logFolder: string, program = ENGINE) {
  const pack = findPack(dataFolder())
  const runtime = () => ({ packFolder: pack.folder, environment: engineEnvironment(pack) })
  return createEngineHost({
    spawn: spawnNodeEngine({ program, runtime, logFile: join(logFolder, 'engine.log') }),
  })
}

/** What became of one start of a run's job. */
export interface Start {
  /** 'killed', or the status the run ended with */
  readonly end: string
  /** epochs that were told, in order */
  readonly told: readonly EpochReport[]
}

export interface StartOptions {
  logFolder: string
  program?: string | undefined
  /** milliseconds from the event of this name (`search 2`, `dpl`) to the kill; null: no kill. `start` comes first */
  killAfter?: (event: string) => number | null
}

/** Runs the job of a folder once, perhaps until the engine is killed without warning. */
export async function startOnce(run: string, options: StartOptions): Promise<Start> {
  const { logFolder, program, killAfter = () => null } = options
  const host = createRealHost(logFolder, program)
  const ending = new AbortController()
  const told: EpochReport[] = []
  const kill = { happened: false }
  const tell = (event: string) => {
    const delay = killAfter(event)
    if (delay === null) return
    sleep(delay, undefined, { signal: ending.signal }).then(
      () => {
        kill.happened = true
        host.kill('job')
      },
      () => undefined, // it had ended before
    )
  }
  const listeners: JobListeners = {
    onStart: () => tell('start'),
    onEpoch: (report) => {
      told.push(report)
      tell(`${report.stage} ${report.epoch}`)
    },
    onEvaluated: (method) => tell(method),
  }
  try {
    const result = await host.run({ kind: 'run', id: 'job', folder: run }, listeners)
    return { end: result.kind === 'run' ? result.status : 'unexpected', told }
  } catch (thrown) {
    if (!kill.happened) throw thrown
    return { end: 'killed', told }
  } finally {
    ending.abort()
    await host.dispose()
  }
}

/** Everything a run is judged by, without the times it took. */
export function outcomeOfRun(run: string) {
  const files = runFiles(run)
  const { zeroShot, supprompt, dpl, contextLengths } = readJson(files.result, RunResult)
  const prompt = readFileSync(files.prompt)
  return {
    epochs: readEpochs(files.epochs).map((report) => ({ ...report, seconds: 0 })),
    evaluations: [zeroShot, supprompt, dpl].map((evaluation) => ({ ...evaluation, seconds: 0 })),
    answers: (['zero-shot', 'supprompt', 'dpl'] as const).map((method) =>
      readAnswers(answersFile(run, method)),
    ),
    contextLengths,
    // The header carries the time of writing; the numbers follow it.
    prompts: prompt.subarray(8 + Number(prompt.readBigUInt64LE())).toString('base64'),
    alpha: readFileSync(files.alphaText).toString('base64'),
  }
}
