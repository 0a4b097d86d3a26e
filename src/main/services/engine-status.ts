import { readFileSync } from 'node:fs'
import type { Emit } from '#shared/contract'
import type { EngineStatus } from '#shared/schemas/machine'
import type { EngineHost } from '#main/engine-host/engine-host'

const SAMPLE_MS = 5_000
/** Memory that changes by less is no news. */
const NEWS = 0.05
/** Linux counts a process's memory in pages; all the platforms we run on there have this size. */
const PAGE_BYTES = 4096

export interface EngineStatusParts {
  engine: Pick<EngineHost, 'state' | 'deviceName'>
  emit: Emit
}

/** Tells what the engine process is doing, and how much memory it has while it lives. */
export function createEngineStatus({ engine, emit }: EngineStatusParts) {
  let usingGpu: boolean | null = null
  let guessed: boolean | null = null
  let timer: NodeJS.Timeout | undefined
  let told: EngineStatus | null = null

  function status(): EngineStatus {
    const { pid, job, starting } = engine.state()
    const deviceName = engine.deviceName()
    // TensorFlow names a card in its log when it first computes on it: an engine that has done a job without computes
    // on the processor.
    if (deviceName !== null) guessed = true
    else if (pid !== null && job === null && !starting) guessed = false
    return {
      state: pid === null ? 'off' : starting ? 'starting' : job === null ? 'idle' : 'busy',
      pid,
      memoryBytes: pid === null ? null : memoryOf(pid),
      deviceName,
      usingGpu: usingGpu ?? guessed,
      job: job === null ? null : { kind: job.kind, runId: job.kind === 'run' ? job.id : null },
    }
  }

  function tell(): void {
    const now = status()
    if (told !== null && !isNews(told, now)) return
    told = now
    emit('engine/changed', now)
  }

  return {
    get: status,
    /** To be called whenever the engine host says that something has changed. */
    changed(): void {
      tell()
      const lives = engine.state().pid !== null
      if (lives && timer === undefined) timer = setInterval(tell, SAMPLE_MS).unref()
      if (!lives) stop()
    },
    /** What the engine itself has said it computes with. */
    described(description: { usingGpu: boolean }): void {
      ;({ usingGpu } = description)
      tell()
    },
    dispose: stop,
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }
}

export type EngineStatusService = ReturnType<typeof createEngineStatus>

function isNews(before: EngineStatus, now: EngineStatus): boolean {
  const { memoryBytes: old, ...otherBefore } = before
  const { memoryBytes: fresh, ...otherNow } = now
  if (JSON.stringify(otherBefore) !== JSON.stringify(otherNow)) return true
  if (old === null || fresh === null) return old !== fresh
  return Math.abs(fresh - old) > old * NEWS
}

/** Resident memory of a process, where the system tells it in a file. */
function memoryOf(pid: number): number | null {
  if (process.platform !== 'linux') return null
  try {
    const [, resident] = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')
    return Number(resident) * PAGE_BYTES
  } catch {
    // It has just ended.
    return null
  }
}
