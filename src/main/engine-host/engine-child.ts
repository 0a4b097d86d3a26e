import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#shared/errors'
import { createEngineLog } from './engine-log.ts'

/** Set for every engine process. One that finds it set must not start another. */
const GUARD = 'DPLSTUDIO_ENGINE_CHILD'

/** A process may leave its output open to a process of its own; nobody waits longer than this for the end of it. */
const OUTPUT_LIMIT_MS = 1_000

/** What every way of starting an engine needs. */
export interface EngineParts {
  /** the engine's program */
  program: string
  /** Folder of the runtime pack and the environment it needs; asked at every start, so a new pack is seen. */
  runtime: () => { packFolder: string; environment: NodeJS.ProcessEnv }
  logFile: string
}

/** The readable end of a child's output. */
export interface Output {
  readonly readableEnded?: boolean
  setEncoding?(encoding: 'utf8'): unknown
  on(event: 'data', listener: (chunk: string) => void): unknown
  once(event: 'end' | 'error', listener: () => void): unknown
}

/** The environment of a new engine process; throws in a process that is an engine itself. */
export function engineChildEnvironment(runtime: EngineParts['runtime']): NodeJS.ProcessEnv {
  if (process.env[GUARD] !== undefined)
    throw new AppError('internal', 'An engine process must not start another engine')
  const { packFolder, environment } = runtime()
  return { ...process.env, ...environment, DPLSTUDIO_RUNTIME: packFolder, [GUARD]: '1' }
}

/** Keeps what an engine writes. `ended` waits until its output has been read to the end, within limits. */
export function keepOutput(outputs: readonly (Output | null)[], logFile: string) {
  const log = createEngineLog(logFile)
  for (const output of outputs) {
    output?.setEncoding?.('utf8')
    output?.on('data', (chunk: string) => log.write(chunk))
  }
  const outputRead = Promise.all(outputs.map(streamEnd))
  return {
    ...log,
    async ended(): Promise<void> {
      await Promise.race([outputRead, sleep(OUTPUT_LIMIT_MS, undefined, { ref: false })])
      log.end()
    },
  }
}

function streamEnd(stream: Output | null): Promise<void> {
  return new Promise((resolve) => {
    if (stream === null || stream.readableEnded === true) resolve()
    else for (const event of ['end', 'error'] as const) stream.once(event, () => resolve())
  })
}
