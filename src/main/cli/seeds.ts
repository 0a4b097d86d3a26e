import { AppError } from '#shared/errors'
import type { Run } from '#shared/schemas/run-record'
import { summarise } from '#shared/statistics'
import type { Arguments } from './command.ts'
import { counted, percent } from './format.ts'
import { table } from './table.ts'

/** The seeds of `--seeds 1,2,3`; null without that option. */
export function seedsOf(args: Arguments): number[] | null {
  const given = args.text('seeds')
  if (given === undefined) return null
  const parts = given.split(',').map((part) => part.trim())
  const seeds = parts.map(Number)
  const areWhole = parts.every((part) => /^\d+$/.test(part)) && seeds.every(Number.isSafeInteger)
  if (areWhole && new Set(seeds).size === seeds.length) return seeds
  throw new AppError('invalid-input', `--seeds needs different whole numbers, not "${given}"`, {
    hint: 'For example: --seeds 1,2,3',
  })
}

/** What runs that differ in the seed came to: each of them, then mean ± standard deviation. */
export function seedsText(runs: readonly Run[], seeds: readonly number[]): string {
  const finished = runs.filter(({ status }) => status === 'finished')
  const missing = seeds.slice(finished.length)
  return [
    table([
      ['  seed', 'zero-shot', 'DPL', 'macro-F1', 'run'],
      ...runs.map(({ id, config, zeroShotAccuracy, accuracy, macroF1 }) => [
        `  ${config.seed}`,
        percent(zeroShotAccuracy),
        percent(accuracy),
        percent(macroF1),
        id,
      ]),
    ]),
    ...spreadLine(
      'zero-shot',
      finished.map((run) => run.zeroShotAccuracy),
    ),
    ...spreadLine(
      'DPL',
      finished.map((run) => run.accuracy),
    ),
    ...(missing.length === 0 ? [] : [`  not finished: seeds ${missing.join(', ')}`]),
  ].join('\n')
}

function spreadLine(what: string, accuracies: readonly (number | null)[]): string[] {
  const known = accuracies.filter((accuracy) => accuracy !== null)
  if (known.length === 0) return []
  const { count, mean, deviation, interval } = summarise(known)
  const spread = deviation === null ? '' : ` ± ${(100 * deviation).toFixed(1)}`
  const range =
    interval === null ? '' : `, 95 % interval ${percent(interval.low)} to ${percent(interval.high)}`
  return [`  ${what}: ${(100 * mean).toFixed(1)}${spread} % over ${counted(count, 'seed')}${range}`]
}
