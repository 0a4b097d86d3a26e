import { fork } from 'node:child_process'
import { childPort } from '#main/process-port'
import { engineChildEnvironment, keepOutput, type EngineParts } from './engine-child.ts'
import type { EngineExit, EngineProcess, SpawnEngine } from './engine-process.ts'

/** Engines as child processes: for the command line, the server and tests. */
export function spawnNodeEngine({ program, runtime, logFile }: EngineParts): SpawnEngine {
  return () => {
    const child = fork(program, [], {
      // The parent's own switches (a test runner's, a debugger's) are not for the engine.
      execArgv: [],
      serialization: 'advanced',
      env: engineChildEnvironment(runtime),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const output = keepOutput([child.stdout, child.stderr], logFile)
    return {
      port: childPort(child),
      pid: child.pid ?? null,
      onExit: (listener) => onceEnded(child, () => output.ended(), listener),
      kill: () => void child.kill('SIGKILL'),
      logTail: () => output.tail(),
      deviceName: () => output.deviceName(),
    } satisfies EngineProcess
  }
}

/**
 * Calls `listener` once the process has ended and its output has been read to its end. Its own `close` event
 * would say so, but Node 24 does not send it when the parent has closed the message channel.
 */
function onceEnded(
  child: ReturnType<typeof fork>,
  outputEnded: () => Promise<void>,
  listener: (exit: EngineExit) => void,
): void {
  const end = (exit: EngineExit) => void outputEnded().then(() => listener(exit))
  child.once('error', (error) => {
    if (child.pid === undefined) end({ code: null, signal: null, failure: error.message })
  })
  child.once('exit', (code, signal) => end({ code, signal }))
}
