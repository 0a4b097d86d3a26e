import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the figures were measured on. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  readonly node: string
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.versions.node,
  }
}

/** Processor time used since the start of the system, in ticks: by everybody and by the given processes. */
export interface ProcessorTimes {
  readonly total: number
  readonly busy: number
  readonly own: number
}

/** null where the system does not tell. */
export function readProcessorTimes(pids: readonly number[]): ProcessorTimes | null {
  try {
    const [line] = readFileSync('/proc/stat', 'utf8').split('\n')
    const ticks = line!.trim().split(/\s+/).slice(1, 9).map(Number)
    const total = ticks.reduce((sum, value) => sum + value, 0)
    const idle = ticks[3]! + ticks[4]!
    return { total, busy: total - idle, own: pids.reduce((sum, pid) => sum + ticksOf(pid), 0) }
  } catch {
    return null
  }
}

/** The share of all processors that other programs took between two readings, 0..1. */
export function shareOfOthers(before: ProcessorTimes | null, after: ProcessorTimes | null): number | null {
  if (before === null || after === null || after.total === before.total) return null
  const others = after.busy - before.busy - (after.own - before.own)
  return Math.max(0, others / (after.total - before.total))
}

/** What other programs take at the moment, over one second, while this one waits. */
export async function measureOthers(): Promise<number | null> {
  const before = readProcessorTimes([process.pid])
  await sleep(1000)
  return shareOfOthers(before, readProcessorTimes([process.pid]))
}

/** Memory that a new program could get. */
export function availableMemory(): number | null {
  try {
    const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
    return kilobytes === undefined ? null : Number(kilobytes) * 1024
  } catch {
    return null
  }
}

/** User and system time of a process and the children it has waited for; 0 once it has ended. */
function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in brackets may hold anything, so count from behind it: utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return 0
  }
}
