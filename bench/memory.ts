import { readFileSync, writeFileSync } from 'node:fs'
import type { Memory } from './worker-protocol.ts'

/** Lets the system count this process's largest resident memory anew. Without Linux it counts from the start. */
export function forgetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // No such file, or a kernel without it: the peak then includes the start of the process.
  }
}

/** Resident memory of this process, now and at its peak. */
export function currentMemory(): Memory {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    return { peakBytes: bytesOf(status, 'VmHWM'), restBytes: bytesOf(status, 'VmRSS') }
  } catch {
    const { maxRSS } = process.resourceUsage() // kilobytes
    return { peakBytes: maxRSS * 1024, restBytes: process.memoryUsage.rss() }
  }
}

function bytesOf(status: string, field: string): number | null {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}
