import type { Api } from '#shared/contract'
import { AppError, type SerializedError } from '#shared/errors'
import type { Served } from '#main/serve/server'
import type { Shell } from '#main/shell'
import { findCommand, parseArguments } from './arguments.ts'
import {
  globalOptions,
  type Announced,
  type Arguments,
  type Command,
  type CommandContext,
  type Outcome,
} from './command.ts'
import { commands } from './commands.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { commandHelp, programHelp } from './help.ts'
import { createProgress, type ProgressStream } from './progress.ts'

/** An application that a command may use, and has to be closed behind it. */
export interface OpenApplication extends Served {
  connect(): Api
  kill(): void
  dispose(): Promise<void>
}

/** What the command line stands in. */
export interface Surroundings {
  version: string
  stdout: { write(text: string): unknown }
  stderr: ProgressStream
  dataFolder: (dataDir: string | undefined) => string
  setupSeconds: number | null
  /** opens the application on a data folder */
  open: (options: {
    dataFolder: string
    access: Exclude<Command['access'], 'none'>
    purpose: string
    shell: Shell | undefined
  }) => OpenApplication
  /** Calls back at every Ctrl+C; the returned function stops that. */
  onInterrupt: (listener: () => void) => () => void
  /** ends the process at once */
  exit: (code: number) => void
}

/**
 * Runs what a command line asks for and gives the exit status. On stdout is the result alone, with `--json` exactly
 * one JSON document whatever happens; everything else goes to stderr.
 */
export async function runCommandLine(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const { version, stdout, stderr } = surroundings
  const wantsJson = words.includes('--json')
  try {
    const explained = explain(words, version)
    if (explained !== null) {
      stdout.write(explained)
      return exitCodes.ok
    }
    const { command, args } = understand(words)
    const announce: CommandContext['announce'] = ({ json, text }) =>
      stdout.write(wantsJson ? `${JSON.stringify(json)}\n` : `${text}\n`)
    const outcome = await runCommand(command, args, announce, surroundings)
    if ('announced' in outcome) return outcome.exitCode
    announce(outcome)
    if (outcome.error !== undefined) stderr.write(errorText(outcome.error))
    return outcome.exitCode ?? exitCodes.ok
  } catch (thrown) {
    const error = AppError.from(thrown)
    if (wantsJson) stdout.write(`${JSON.stringify({ error: error.toJSON() })}\n`)
    stderr.write(errorText(error))
    if (error.code === 'internal' && thrown instanceof Error) stderr.write(`${thrown.stack ?? ''}\n`)
    return exitCodeOf(error.code)
  }
}

/** The help or version that was asked for, if any. */
function explain(words: readonly string[], version: string): string | null {
  const [first, ...rest] = words
  if (first === undefined || first === '--help' || first === '-h') return programHelp(commands, version)
  if (first === '--version' || first === 'version') return `${version}\n`
  if (first === 'help') return rest.length === 0 ? programHelp(commands, version) : explainCommand(rest)
  return words.includes('--help') || words.includes('-h') ? explainCommand(words) : null
}

function explainCommand(words: readonly string[]): string {
  const names = words.filter((word) => !word.startsWith('-'))
  const family = commands.filter(({ name }) => name.startsWith(`${names[0] ?? ''} `))
  const isExact = commands.some(({ name }) => name === names[0])
  if (family.length > 0 && names.length === 1 && !isExact) return family.map(commandHelp).join('\n---\n\n')
  return commandHelp(findCommand(commands, names).command)
}

function understand(words: readonly string[]): { command: Command; args: Arguments } {
  const { command, rest } = findCommand(commands, globalOptionsLast(words))
  return { command, args: parseArguments(command, rest) }
}

/** Options that every command has may also stand in front of it. */
function globalOptionsLast(words: readonly string[]): string[] {
  const front: string[] = []
  let rest = [...words]
  for (;;) {
    const [first] = rest
    const name = first?.replace(/^--/, '').split('=')[0] ?? ''
    if (first === undefined || !first.startsWith('--') || !Object.hasOwn(globalOptions, name)) break
    const takesNext = globalOptions[name]?.type === 'string' && !first.includes('=')
    front.push(...rest.slice(0, takesNext ? 2 : 1))
    rest = rest.slice(takesNext ? 2 : 1)
  }
  return [...rest, ...front]
}

async function runCommand(
  command: Command,
  args: Arguments,
  announce: CommandContext['announce'],
  surroundings: Surroundings,
): Promise<Outcome | Announced> {
  const { open, stderr, onInterrupt, exit, setupSeconds } = surroundings
  const dataFolder = surroundings.dataFolder(args.text('data-dir'))
  const progress = createProgress(stderr)
  const interruption = new AbortController()
  const opened: { application?: OpenApplication; api?: Api } = {}
  const application = () => {
    const { access, name, shell } = command
    if (access === 'none') throw new AppError('internal', `${name} uses no data folder`)
    return (opened.application ??= open({
      dataFolder,
      access,
      purpose: `dplstudio ${name}`,
      shell: shell?.(args, dataFolder),
    }))
  }

  const stopListening = onInterrupt(() => {
    if (!interruption.signal.aborted) {
      interruption.abort(new AppError('run-cancelled', 'Stopped by Ctrl+C'))
      return
    }
    opened.application?.kill()
    progress.line('Ended at once. Finished epochs are kept.')
    exit(exitCodes.cancelled)
  })
  try {
    return await command.run(
      {
        get api() {
          return (opened.api ??= application().connect())
        },
        get served() {
          return application()
        },
        announce,
        dataFolder,
        progress,
        signal: interruption.signal,
        setupSeconds,
      },
      args,
    )
  } finally {
    progress.clear()
    await opened.application?.dispose()
    stopListening()
  }
}

function errorText({ message, hint }: Pick<SerializedError, 'message' | 'hint'>): string {
  return `Error: ${message}\n${hint === undefined ? '' : `${hint}\n`}`
}
