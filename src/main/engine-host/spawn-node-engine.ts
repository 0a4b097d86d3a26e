import { fork } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#shared/errors'
import { childPort } from '#main/process-port'
import { createEngineLog } from './engine-log.ts'
import type { EngineExit, EngineProcess, SpawnEngine } from './engine-process.ts'

/** Set for every engine process. One that finds it set must not start another. */
const GUARD = 'DPLSTUDIO_ENGINE_CHILD'

/** A process may leave its output open to a process of its own; nobody waits longer than this for the end of it. */
const OUTPUT_LIMIT_MS = 1_000

export interface NodeEngineParts {
  /** the engine's program */
  program: string
  /** Folder of the runtime pack and the environment it needs; asked at every start, so a new pack is seen. */
  runtime: () => { packFolder: string; environment: NodeJS.ProcessEnv }
  logFile: string
}

/** Engines as child processes: for the command line, the server and tests. */
export function spawnNodeEngine({ program, runtime, logFile }: NodeEngineParts): SpawnEngine {
  return () => {
    if (process.env[GUARD] !== undefined)
      throw new AppError('internal', 'An engine process must not start another engine')
    const { packFolder, environment } = runtime()
    const child = fork(program, [], {
      // The parent's own switches (a test runner's, a debugger's) are not for the engine.
      execArgv: [],
      serialization: 'advanced',
      env: { ...process.env, ...environment, DPLSTUDIO_RUNTIME: packFolder, [GUARD]: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const log = createEngineLog(logFile)
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => log.write(chunk))
    return {
      port: childPort(child),
      pid: child.pid ?? null,
      onExit: (listener) => onceEnded(child, () => log.end(), listener),
      kill: () => void child.kill('SIGKILL'),
      logTail: () => log.tail(),
      deviceName: () => log.deviceName(),
    } satisfies EngineProcess
  }
}

/**
 * Calls `listener` once the process has ended and its output has been read to its end. Its own `close` event
 * would say so, but Node 24 does not send it when the parent has closed the message channel.
 */
function onceEnded(
  child: ReturnType<typeof fork>,
  endLog: () => void,
  listener: (exit: EngineExit) => void,
): void {
  const outputRead = Promise.all([child.stdout, child.stderr].map(streamEnd))
  const end = async (exit: EngineExit) => {
    await Promise.race([outputRead, sleep(OUTPUT_LIMIT_MS, undefined, { ref: false })])
    endLog()
    listener(exit)
  }
  child.once('error', (error) => {
    if (child.pid === undefined) void end({ code: null, signal: null, failure: error.message })
  })
  child.once('exit', (code, signal) => void end({ code, signal }))
}

function streamEnd(stream: Readable | null): Promise<void> {
  return new Promise((resolve) => {
    if (stream === null || stream.readableEnded) resolve()
    else stream.once('end', resolve).once('error', () => resolve())
  })
}
