import { differences, presets, type PresetName } from './presets.ts'
import type { RunConfig, RunKind } from './schemas/run.ts'
import type { RunRequest } from './schemas/run-record.ts'

const COMMAND_OF: Readonly<Record<RunKind, string>> = {
  'zero-shot': 'zeroshot',
  search: 'search',
  train: 'train',
  'search-and-train': 'run',
}

/** Fields with an option of their own, whose value is taken as it is. */
const OPTION_OF: Readonly<Record<string, string>> = {
  seed: '--seed',
  shots: '--shots',
  template: '--template',
}

/** The command line that asks for the same run, for a POSIX shell: the nearest preset and what differs from it. */
export function cliCommand({ kind, datasetId, modelId, config, name }: RunRequest): string {
  const preset = nearestPreset(config)
  const words = [
    'dplstudio',
    COMMAND_OF[kind],
    datasetId,
    ...option('--model', modelId),
    ...(preset === 'paper' ? [] : option('--preset', preset)),
    ...differences(presets[preset], config).flatMap(({ field, to }) => assignments(field, to)),
    ...(name === undefined ? [] : option('--name', name)),
  ]
  return words.map(shellWord).join(' ')
}

/** The preset that needs the fewest changes; of equal ones the first. */
export function nearestPreset(config: RunConfig): PresetName {
  const names = Object.keys(presets) as PresetName[]
  const distance = (name: PresetName) => differences(presets[name], config).length
  return names.reduce((best, name) => (distance(name) < distance(best) ? name : best))
}

/** A word as a POSIX shell reads it back. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function assignments(field: string, value: unknown): string[] {
  const ownOption = OPTION_OF[field]
  if (ownOption !== undefined) return option(ownOption, String(value))
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.entries(value).flatMap(([key, inner]) => assignments(`${field}.${key}`, inner))
  return ['--set', `${field}=${settingText(value)}`]
}

function settingText(value: unknown): string {
  if (!Array.isArray(value)) return typeof value === 'string' ? value : JSON.stringify(value)
  // An empty list has no other way to be written.
  return value.length === 0 ? '[]' : value.map(settingText).join(',')
}

/** A value that begins with a hyphen would be taken for an option. */
function option(name: string, value: string): string[] {
  return value.startsWith('-') ? [`${name}=${value}`] : [name, value]
}
