import type { Port } from '#shared/rpc'

/** How an engine process ended. `failure` is set when it could not even be started. */
export interface EngineExit {
  code: number | null
  signal: string | null
  failure?: string
}

/** One engine process, seen from outside: a child process here, a utility process in Electron. */
export interface EngineProcess {
  readonly port: Port
  readonly pid: number | null
  /** Called once, after the last message and the last line of the log. */
  onExit(listener: (exit: EngineExit) => void): void
  /** Ends it at once. */
  kill(): void
  /** The last lines it wrote, without the noise of its libraries. */
  logTail(): string[]
  /** The GPU it computes on, as libtensorflow reports it while starting; null while unknown or without one. */
  deviceName(): string | null
}

/** Starts an engine process. Throws an `AppError` when it cannot be tried, for example without a runtime pack. */
export type SpawnEngine = () => EngineProcess
