import { existsSync, readFileSync } from 'node:fs'
import { AppError } from '#shared/errors'
import { presets, type PresetName } from '#shared/presets'
import type { PromptConfiguration } from '#shared/schemas/prompt'
import { RunConfig } from '#shared/schemas/run'
import type { Arguments, OptionSpec } from './command.ts'
import { nearest } from './nearest.ts'

/** Options that make up the configuration of a run; later ones win over earlier ones. */
export const configOptions = {
  preset: { type: 'string', value: 'name', help: `${Object.keys(presets).join(', ')}; paper if not given` },
  config: { type: 'string', value: 'file', help: 'a JSON file with fields of the configuration' },
  set: { type: 'string', value: 'key=value', multiple: true, help: 'one field, such as search.epochs=5' },
  method: { type: 'string', value: 'name', help: 'dpl' },
  seed: { type: 'string', value: 'n', help: 'draws the few-shot images and starts the prompts' },
  shots: { type: 'string', value: 'n', help: 'training images per class' },
  template: { type: 'string', value: 'text', help: 'with {} for the class, such as "a photo of a {}."' },
} as const satisfies Record<string, OptionSpec>

/** Fields that are not there until they are given. */
const OPTIONAL_FIELDS = ['train.contextLengths.text', 'train.contextLengths.image']

type Fields = Record<string, unknown>

/**
 * The configuration that a command line asks for: preset (or `base`), then the template of the dataset, then `--config`,
 * then `--set`, then options of their own.
 *
 * @throws AppError `invalid-input` that names the field, and the nearest one when there is none of that name
 */
export function readRunConfig(
  args: Arguments,
  { base = presets.paper, template }: { base?: RunConfig | undefined; template?: string | undefined } = {},
): RunConfig {
  const name = args.text('preset')
  const config: Fields = structuredClone(name === undefined ? base : preset(name))
  if (template !== undefined) config['template'] = template
  const file = args.text('config')
  if (file !== undefined) merge(config, readConfigFile(file), '')
  for (const assignment of args.texts('set')) assign(config, assignment)
  for (const name of ['seed', 'shots'] as const) {
    const number = args.number(name)
    if (number !== undefined) config[name] = number
  }
  for (const name of ['method', 'template'] as const) {
    const text = args.text(name)
    if (text !== undefined) config[name] = text
  }
  return check(config)
}

/** "text=4,2,0 image=2,2,0" as one context length per layer of both branches. */
export function parseContextLengths(text: string): PromptConfiguration {
  const compact = text.replace(/\s*,\s*/g, ',')
  const lengthsOf = (branch: 'text' | 'image') => {
    const found = new RegExp(`(?:^|[\\s;])${branch}=(\\d+(?:,\\d+)*)(?=$|[\\s;])`).exec(compact)
    if (found === null)
      throw new AppError('invalid-input', `No context lengths for the ${branch} branch in "${text}"`, {
        hint: 'Give one per layer, for example: --context-lengths "text=4,2,0,6 image=0,2,2,4"',
      })
    return found[1]!.split(',').map(Number)
  }
  return { text: lengthsOf('text'), image: lengthsOf('image') }
}

function preset(name: string): RunConfig {
  if (Object.hasOwn(presets, name)) return presets[name as PresetName]
  const meant = nearest(name, Object.keys(presets))
  throw new AppError('invalid-input', `There is no preset ${name}`, {
    hint: meant === undefined ? `Choose from: ${Object.keys(presets).join(', ')}` : `Did you mean ${meant}?`,
  })
}

function readConfigFile(path: string): Fields {
  if (!existsSync(path)) throw new AppError('not-found', `There is no ${path}`)
  try {
    const fields: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isFields(fields)) return fields
  } catch (cause) {
    throw new AppError('bad-file', `${path} is not JSON: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    })
  }
  throw new AppError('bad-file', `${path} is not a configuration: it has to be a JSON object`, {
    hint: 'dplstudio run <dataset> --dry-run --json prints a complete one.',
  })
}

function merge(into: Fields, from: Fields, prefix: string): void {
  for (const [key, value] of Object.entries(from)) {
    const field = `${prefix}${key}`
    const old = into[key]
    if (isFields(value) && isFields(old)) merge(old, value, `${field}.`)
    else if (Object.hasOwn(into, key) || OPTIONAL_FIELDS.some((name) => name.startsWith(field)))
      into[key] = value
    else throw unknownField(field)
  }
}

function assign(config: Fields, assignment: string): void {
  const equals = assignment.indexOf('=')
  if (equals <= 0)
    throw new AppError('invalid-input', `--set needs key=value, not "${assignment}"`, {
      hint: 'For example: --set search.epochs=5',
    })
  const [field, text] = [assignment.slice(0, equals), assignment.slice(equals + 1)]
  const path = field.split('.')
  const last = path.pop()!
  let at = config
  for (const key of path) {
    if (!Object.hasOwn(at, key) && OPTIONAL_FIELDS.some((name) => name.startsWith(`${path.join('.')}.`)))
      at[key] = {}
    const next = Object.hasOwn(at, key) ? at[key] : undefined
    if (!isFields(next)) throw unknownField(field)
    at = next
  }
  if (!Object.hasOwn(at, last) && !OPTIONAL_FIELDS.includes(field)) throw unknownField(field)
  const isList = Array.isArray(at[last]) || OPTIONAL_FIELDS.includes(field)
  at[last] = isList ? parseList(text) : parseValue(text)
}

/** "0,2,4", "[0,2,4]" or a single value. */
function parseList(text: string): unknown {
  const whole = parseValue(text)
  if (Array.isArray(whole)) return whole
  return text.split(',').map((part) => parseValue(part.trim()))
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function check(config: Fields): RunConfig {
  const parsed = RunConfig.safeParse(config)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`)
  throw new AppError('invalid-input', `The configuration cannot work:\n${problems.join('\n')}`)
}

function unknownField(field: string): AppError {
  const meant = nearest(field, [...fieldNames(presets.paper, ''), ...OPTIONAL_FIELDS])
  return new AppError('invalid-input', `The configuration has no field ${field}`, {
    hint: `${meant === undefined ? '' : `Did you mean ${meant}? `}All fields: dplstudio run <dataset> --dry-run`,
  })
}

/** Dotted names of all fields with their values. */
export function flatten(config: object, prefix = ''): [string, unknown][] {
  return Object.entries(config).flatMap(([key, value]): [string, unknown][] =>
    isFields(value) ? flatten(value, `${prefix}${key}.`) : [[`${prefix}${key}`, value]],
  )
}

function fieldNames(config: object, prefix: string): string[] {
  return flatten(config, prefix).map(([name]) => name)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
