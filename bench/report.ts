import {
  implementationNames,
  implementations,
  shapes,
  works,
  type BenchCase,
  type ImplementationName,
} from './cases.ts'
import type { Machine } from './machine.ts'
import type { CaseResult, Measured } from './measure.ts'

/** Everything that a run of the benchmark found. */
export interface Findings {
  readonly startedAt: string
  readonly totalSeconds: number
  readonly machine: Machine
  /** share of the processors that other programs took before the first case and after the last */
  readonly otherLoad: { readonly before: number | null; readonly after: number | null }
  /** why PyTorch was not measured; null when it was */
  readonly withoutPyTorch: string | null
  readonly cases: readonly CaseResult[]
}

/** Middle and extremes of the timed steps. */
interface Spread {
  readonly median: number
  readonly smallest: number
  readonly largest: number
  readonly steps: number
}

/** The findings as one JSON document, with the ratios worked out. */
export function jsonReport(findings: Findings): object {
  const { cases, ...rest } = findings
  return {
    format: 1,
    ...rest,
    cases: cases.map((result) => ({
      ...result.case,
      title: titleOf(result.case),
      ratios: Object.fromEntries(
        rivals.map((name) => [
          name,
          {
            speed: speedRatio(result, name, 'median'),
            speedOfFastestSteps: speedRatio(result, name, 'smallest'),
            memory: memoryRatio(result, name),
          },
        ]),
      ),
      interleaved: result.interleaved,
      otherLoad: result.otherLoad,
      implementations: Object.fromEntries(
        present(result).map(([name, found]) => [
          name,
          { ...found, seconds: spreadOf(found), allSeconds: found.seconds },
        ]),
      ),
    })),
  }
}

/** The findings for a person: ratios first. */
export function markdownReport(findings: Findings): string {
  const { cases, machine, otherLoad, withoutPyTorch } = findings
  const loads = cases.map((result) => result.otherLoad).filter((load) => load !== null)
  const parts = [
    '# Benchmark',
    describe(machine, cases),
    `Other programs took ${percent(otherLoad.before)} of the processors before, ${range(loads)} during and ` +
      `${percent(otherLoad.after)} after the measurements. Taken ${findings.startedAt}, ` +
      `${Math.round(findings.totalSeconds)} s in all.`,
  ]
  if (Math.max(0, ...loads) > 0.1)
    parts.push(
      '**The machine was not quiet: medians mean little. PyTorch suffers most, its threads wait for each other.**',
    )
  if (withoutPyTorch !== null) parts.push(`**PyTorch was not measured:** ${withoutPyTorch}`)
  else parts.push('## How many times faster, and how much memory', ratioTable(cases), explanation)
  parts.push('## Steps', stepTable(cases), ...problems(cases), ...profiles(cases))
  return `${parts.join('\n\n')}\n`
}

const rivals = implementationNames.filter((name) => name !== 'ours')

const explanation =
  'Medians of the same run, programs taking turns, in brackets the fastest steps of each, which other programs ' +
  'disturb least; above 1 means that DPL Studio is faster, or needs less memory. ' +
  '*As released*: all text positions, every option projected on its own, teacher always run (block mixing, which the ' +
  'released code lacks: option by option). *Careful*: texts cut at their end, options sharing projections and scores, ' +
  'only the gradients that are used, last block read-out rows only. Before anything was timed, the first step of ' +
  'each gave the same losses and gradients within 0.1 %.'

function ratioTable(cases: readonly CaseResult[]): string {
  const header = ['work', ...rivals.flatMap((name) => [`vs ${implementations[name].title}`, 'memory'])]
  const rows = cases.map((result) => [
    titleOf(result.case),
    ...rivals.flatMap((name) => [
      `**${times(speedRatio(result, name, 'median'))}** (${times(speedRatio(result, name, 'smallest'))})`,
      times(memoryRatio(result, name)),
    ]),
  ])
  return table(header, rows)
}

function stepTable(cases: readonly CaseResult[]): string {
  const header = [
    'work',
    'program',
    'seconds a step',
    'spread',
    'steps',
    'operations',
    'peak memory',
    'at rest',
  ]
  const rows = cases.flatMap((result) =>
    present(result).map(([name, found]) => {
      const spread = spreadOf(found)
      return [
        titleOf(result.case),
        implementations[name].title,
        spread === null ? '–' : seconds(spread.median),
        spread === null ? '–' : `${seconds(spread.smallest)} to ${seconds(spread.largest)}`,
        spread === null ? '–' : String(spread.steps),
        found.check === null ? '–' : String(found.check.operations),
        gigabytes(found.memory?.peakBytes ?? null),
        gigabytes(found.memory?.restBytes ?? null),
      ]
    }),
  )
  return table(header, rows)
}

function describe(machine: Machine, cases: readonly CaseResult[]): string {
  const libraries = new Set(
    cases.flatMap((result) =>
      present(result).flatMap(([, { built }]) =>
        built === null ? [] : [`${built.library} ${built.version} (threads: ${built.threads})`],
      ),
    ),
  )
  const memory = gigabytes(machine.memoryBytes)
  return (
    `${machine.processor}, ${machine.cores} cores, ${memory}, ${machine.system}; Node ${machine.node}, ` +
    `${[...libraries].join(', ')}. Random weights, batch 4, single precision.`
  )
}

function problems(cases: readonly CaseResult[]): string[] {
  const apart = cases
    .filter(({ interleaved }) => !interleaved)
    .map(
      (result) =>
        `- ${titleOf(result.case)}: memory did not suffice to take turns; the programs ran one after the other`,
    )
  const failed = cases.flatMap((result) =>
    present(result)
      .filter(([, { problem }]) => problem !== null)
      .map(([name, { problem }]) => `- ${titleOf(result.case)}, ${implementations[name].title}: ${problem}`),
  )
  const lines = [...apart, ...failed]
  return lines.length === 0 ? [] : ['## Limits of this run', lines.join('\n')]
}

const PROFILED_OPERATIONS = 12

function profiles(cases: readonly CaseResult[]): string[] {
  return cases.flatMap((result) =>
    present(result).flatMap(([name, { profile }]) => {
      if (profile === null) return []
      const total = profile.reduce((sum, each) => sum + each.seconds, 0)
      const rows = profile
        .slice(0, PROFILED_OPERATIONS)
        .map((each) => [each.name, String(each.count), seconds(each.seconds), percent(each.seconds / total)])
      const title = `### Operations: ${titleOf(result.case)}, ${implementations[name].title}`
      return [title, table(['operation', 'calls', 'seconds', 'share'], rows)]
    }),
  )
}

function titleOf({ shape, classes, work }: BenchCase): string {
  return `${shapes[shape].title}, C = ${classes}, ${works[work].title}`
}

function present({ measured }: CaseResult): [ImplementationName, Measured][] {
  return implementationNames.flatMap((name) => {
    const found = measured[name]
    return found === undefined ? [] : [[name, found]]
  })
}

function speedRatio(
  { measured }: CaseResult,
  rival: ImplementationName,
  which: 'median' | 'smallest',
): number | null {
  return ratio(secondsOf(measured[rival], which), secondsOf(measured.ours, which))
}

function memoryRatio({ measured }: CaseResult, rival: ImplementationName): number | null {
  return ratio(measured[rival]?.memory?.peakBytes ?? null, measured.ours?.memory?.peakBytes ?? null)
}

function ratio(theirs: number | null, ours: number | null): number | null {
  return theirs === null || ours === null ? null : theirs / ours
}

function secondsOf(measured: Measured | undefined, which: 'median' | 'smallest'): number | null {
  return measured === undefined ? null : (spreadOf(measured)?.[which] ?? null)
}

function spreadOf({ seconds }: Measured): Spread | null {
  if (seconds.length === 0) return null
  const sorted = seconds.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { median, smallest: sorted[0]!, largest: sorted.at(-1)!, steps: sorted.length }
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

function times(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(value < 10 ? 2 : 1)}×`
}

function seconds(value: number): string {
  return value < 1 ? `${(value * 1000).toFixed(0)} ms` : `${value.toFixed(2)} s`
}

function gigabytes(bytes: number | null): string {
  return bytes === null ? '–' : `${(bytes / 1e9).toFixed(2)} GB`
}

function percent(share: number | null): string {
  return share === null ? 'an unknown share' : `${(share * 100).toFixed(0)} %`
}

function range(shares: readonly number[]): string {
  if (shares.length === 0) return 'an unknown share'
  return `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`
}
