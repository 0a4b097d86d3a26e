import { utilityProcess, type UtilityProcess } from 'electron'
import type { Port } from '#shared/rpc'
import { engineChildEnvironment, keepOutput, type EngineParts } from '#main/engine-host/engine-child'
import type { EngineProcess, SpawnEngine } from '#main/engine-host/engine-process'
import { CLOSE_UTILITY } from '#main/process-port'

/** Engines as utility processes: for the desktop window. A crash of theirs leaves the window as it is. */
export function spawnUtilityEngine({ program, runtime, logFile }: EngineParts): SpawnEngine {
  return () => {
    const child = utilityProcess.fork(program, [], {
      serviceName: 'DPL Studio engine',
      execArgv: [],
      env: engineChildEnvironment(runtime),
      stdio: 'pipe',
      // TensorFlow's libraries on macOS bear nobody's signature.
      ...(process.platform === 'darwin' && { allowLoadingUnsignedLibraries: true }),
    })
    const output = keepOutput([child.stdout, child.stderr], logFile)
    return {
      port: utilityPort(child),
      get pid() {
        return child.pid ?? null
      },
      onExit: (listener) =>
        child.once('exit', (code) => void output.ended().then(() => listener({ code, signal: null }))),
      kill: () => kill(child),
      logTail: () => output.tail(),
      deviceName: () => output.deviceName(),
    } satisfies EngineProcess
  }
}

/** There is no closing the pipe to a utility process, so its end is told. */
function utilityPort(child: UtilityProcess): Port {
  let open = true
  const ended = new Promise<void>((resolve) =>
    child.once('exit', () => {
      open = false
      resolve()
    }),
  )
  return {
    post(message) {
      if (open) child.postMessage(message)
    },
    listen(listener) {
      child.on('message', listener)
      return () => child.off('message', listener)
    },
    onClose: (listener) => void ended.then(listener),
    close() {
      if (open) child.postMessage(CLOSE_UTILITY)
    },
  }
}

/** Its own `kill` asks politely, which an engine in the middle of a step does not hear. */
function kill(child: UtilityProcess): void {
  if (child.pid === undefined) {
    child.once('spawn', () => kill(child))
    return
  }
  try {
    process.kill(child.pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}
