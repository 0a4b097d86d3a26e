import type { Api } from '#shared/contract'
import type { SerializedError } from '#shared/errors'
import type { Served } from '#main/serve/server'
import type { Shell } from '#main/shell'
import type { Progress } from './progress.ts'

export interface OptionSpec {
  type: 'string' | 'boolean'
  /** may be given several times */
  multiple?: boolean
  short?: string
  /** stands for the value in the help */
  value?: string
  help: string
}

export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** What the user typed, sorted. */
export interface Arguments {
  positionals: readonly string[]
  text(name: string): string | undefined
  texts(name: string): readonly string[]
  flag(name: string): boolean
  number(name: string): number | undefined
}

/** What a command may use. */
export interface CommandContext {
  /** Opened with the command's access when it is first used. */
  readonly api: Api
  /** the same application, for a command that serves it to others */
  readonly served: Served
  /** Prints a result before the command is over, which then ends with `Announced`. */
  announce(result: Pick<Outcome, 'json' | 'text'>): void
  readonly dataFolder: string
  readonly progress: Progress
  /** aborted by the first Ctrl+C; the second ends the program */
  readonly signal: AbortSignal
  /** seconds that setting up took before the command was started, if it was */
  readonly setupSeconds: number | null
}

/** What a command came to: one JSON document or a text on stdout, and an exit status. */
export interface Outcome {
  json: unknown
  text: string
  exitCode?: number
  /** told on stderr */
  error?: SerializedError
}

/** The end of a command that has printed its result before. */
export interface Announced {
  announced: true
  exitCode: number
}

export interface Command {
  /** one or two words */
  name: string
  /** other names that people try */
  aliases?: readonly string[]
  summary: string
  /** what follows the name */
  usage: string
  /** number of words that are no options: at least and at most */
  positionals: readonly [number, number]
  options: Readonly<Record<string, OptionSpec>>
  examples: readonly string[]
  /** what else its help says */
  notes?: string
  /** how it uses the data folder; `none` for not at all */
  access: 'none' | 'read' | 'write' | 'rebuild'
  /** what clients may do beyond the contract; nothing, where nobody is there to be asked */
  shell?: (args: Arguments, dataFolder: string) => Shell
  run: (context: CommandContext, args: Arguments) => Promise<Outcome | Announced>
}

/** Options that every command has. */
export const globalOptions: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'boolean', help: 'print one JSON document on stdout' },
  'data-dir': { type: 'string', value: 'folder', help: 'where everything is kept (else DPLSTUDIO_DATA)' },
  help: { type: 'boolean', short: 'h', help: 'explain the command' },
}
