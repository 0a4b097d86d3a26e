import type { ErrorCode } from '#shared/errors'

/** Exit statuses of every command, for scripts. They never change their meaning. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  verificationFailed: 3,
  locked: 4,
  noRuntime: 5,
  cancelled: 130,
} as const

export const exitCodeMeanings: readonly (readonly [number, string])[] = [
  [exitCodes.ok, 'done'],
  [exitCodes.failed, 'failed; stderr says why and what to do'],
  [exitCodes.usage, 'the command line or the configuration cannot work'],
  [exitCodes.verificationFailed, 'a verification has found differences'],
  [exitCodes.locked, 'another process owns the data folder'],
  [exitCodes.noRuntime, 'no runtime pack, or the engine did not start or has crashed'],
  [exitCodes.cancelled, 'stopped by Ctrl+C; runs can be resumed'],
]

/** The exit status for a failure. */
export function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'invalid-input':
      return exitCodes.usage
    case 'verification-failed':
      return exitCodes.verificationFailed
    case 'locked':
      return exitCodes.locked
    case 'runtime-missing':
    case 'engine-unavailable':
      return exitCodes.noRuntime
    case 'run-cancelled':
      return exitCodes.cancelled
    default:
      return exitCodes.failed
  }
}
