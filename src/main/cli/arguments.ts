import { parseArgs } from 'node:util'
import { AppError } from '#shared/errors'
import { globalOptions, type Arguments, type Command, type OptionSpec, type OptionValues } from './command.ts'
import { nearest } from './nearest.ts'

/**
 * Finds the command in what the user typed: two words first, one word then. The words that are no options and the
 * options may stand in any order behind it.
 *
 * @throws AppError `invalid-input` with the nearest name
 */
export function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): { command: Command; rest: string[] } {
  const [first = '', second = ''] = words
  const called = (wanted: string) =>
    commands.find(({ name, aliases = [] }) => name === wanted || aliases.includes(wanted))
  const two = called(`${first} ${second}`)
  if (two !== undefined) return { command: two, rest: words.slice(2) }
  const one = called(first)
  if (one !== undefined) return { command: one, rest: words.slice(1) }
  const family = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name)
  if (family.length > 0) throw unknownCommand(`${first} ${second}`.trim(), family)
  throw unknownCommand(first, [...new Set(commands.map(({ name }) => name.split(' ')[0]!))])
}

/** Sorts the words behind a command. @throws AppError `invalid-input` that says what is wrong and what was meant */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const specs = { ...command.options, ...globalOptions }
  const { values, positionals, tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, parseOptions(spec)])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined
    if (spec === undefined) throw unknownOption(command, token.rawName, Object.keys(specs))
    checkValue(command, token.rawName, spec, token.value)
  }
  if (values['help'] !== true) checkPositionals(command, positionals)
  return argumentsOf(values, positionals)
}

function argumentsOf(values: OptionValues, positionals: readonly string[]): Arguments {
  const text = (name: string) => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  return {
    positionals,
    text,
    texts: (name) => {
      const value = values[name]
      return Array.isArray(value) ? (value as readonly string[]) : []
    },
    flag: (name) => values[name] === true,
    number: (name) => {
      const given = text(name)
      if (given === undefined) return undefined
      const number = Number(given)
      if (given.trim() === '' || !Number.isFinite(number))
        throw new AppError('invalid-input', `--${name} needs a number, not "${given}"`)
      return number
    },
  }
}

function parseOptions({ type, multiple, short }: OptionSpec) {
  return { type, ...(multiple === true && { multiple }), ...(short !== undefined && { short }) }
}

function checkValue(command: Command, name: string, spec: OptionSpec, value: string | undefined): void {
  if (spec.type === 'string' && value === undefined)
    throw new AppError('invalid-input', `${name} needs a value: ${name} <${spec.value ?? 'value'}>`, {
      hint: helpFor(command),
    })
  if (spec.type === 'boolean' && value !== undefined)
    throw new AppError('invalid-input', `${name} takes no value`, { hint: helpFor(command) })
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  const [least, most] = command.positionals
  if (positionals.length < least)
    throw new AppError('invalid-input', `Something is missing: dplstudio ${command.name} ${command.usage}`, {
      hint: helpFor(command),
    })
  if (positionals.length > most)
    throw new AppError(
      'invalid-input',
      `"${positionals[most] ?? ''}" is too much for dplstudio ${command.name}`,
      {
        hint: helpFor(command),
      },
    )
}

function unknownOption(command: Command, given: string, known: readonly string[]): AppError {
  const meant = nearest(given.replace(/^-+/, ''), known)
  return new AppError('invalid-input', `Unknown option ${given}`, {
    hint: `${meant === undefined ? '' : `Did you mean --${meant}? `}${helpFor(command)}`,
  })
}

function unknownCommand(given: string, known: readonly string[]): AppError {
  const meant = nearest(given, known)
  return new AppError('invalid-input', given === '' ? 'Which command?' : `Unknown command ${given}`, {
    hint: `${meant === undefined ? '' : `Did you mean ${meant}? `}All commands: dplstudio --help`,
  })
}

function helpFor(command: Command): string {
  return `See: dplstudio ${command.name} --help`
}
