import type { RunGroup } from '#shared/run-groups'
import { summarise, type Summary } from '#shared/statistics'
import type { Run } from '#shared/schemas/run-record'
import { messages } from '../../messages/messages.ts'

/** One line of the list: a run, or the runs that differ in nothing but the seed. */
export interface RunRow {
  readonly id: string
  /** null for a group */
  readonly run: Run | null
  /** what the line stands for; for a group all its runs, whatever is filtered */
  readonly runs: readonly Run[]
  /** a run of a group that is open */
  readonly isSeed: boolean
  readonly name: string
  readonly statuses: readonly Run['status'][]
  readonly dataset: string
  readonly shots: number
  readonly kind: Run['kind']
  readonly accuracy: Summary | null
  readonly zeroShot: number | null
  /** accuracy above zero-shot */
  readonly change: number | null
  readonly macroF1: number | null
  readonly vectors: number | null
  readonly seconds: number | null
  readonly created: string
  readonly notes: string
}

export type SortKey =
  | 'name'
  | 'status'
  | 'dataset'
  | 'shots'
  | 'kind'
  | 'accuracy'
  | 'change'
  | 'macroF1'
  | 'vectors'
  | 'seconds'
  | 'created'
  | 'notes'

export interface RunListView {
  readonly search: string
  readonly status: Run['status'] | 'all'
  readonly sort: { readonly key: SortKey; readonly descending: boolean }
  /** groups whose runs are listed too */
  readonly open: ReadonlySet<string>
}

/**
 * The lines of the list. Groups are made of all runs before anything is filtered, so that what a group says about
 * its seeds does not depend on what is looked for.
 */
export function runRows(groups: readonly RunGroup<Run>[], view: RunListView): RunRow[] {
  const matches = matcher(view)
  const lines = groups
    .map(({ key, runs: members }) => ({
      row: members.length === 1 ? runRow(members[0]!, false) : groupRow(key, members),
      seen: members.filter(matches),
    }))
    .filter(({ seen }) => seen.length > 0)
  lines.sort((a, b) => compare(a.row, b.row, view.sort))
  return lines.flatMap(({ row, seen }) =>
    row.run === null && view.open.has(row.id)
      ? [row, ...[...seen].sort((a, b) => a.config.seed - b.config.seed).map((run) => runRow(run, true))]
      : [row],
  )
}

/** Each run as a line of its own. */
export function ungroupedRows(runs: readonly Run[]): RunRow[] {
  return runs.map((run) => runRow(run, false))
}

/** How many seconds a run has computed; null where nobody has counted. */
export function secondsOf({ searchSeconds, trainSeconds }: Run): number | null {
  return searchSeconds === null && trainSeconds === null ? null : (searchSeconds ?? 0) + (trainSeconds ?? 0)
}

/** Prompt vectors of a run's configuration, of both branches. */
export function vectorsOf({ contextLengths }: Run): number | null {
  if (contextLengths === null) return null
  return [...contextLengths.text, ...contextLengths.image].reduce((sum, length) => sum + length, 0)
}

function matcher({ search, status }: RunListView): (run: Run) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return (run) => {
    if (status !== 'all' && run.status !== status) return false
    const text = `${run.name} ${run.datasetName} ${run.modelName} ${run.kind} ${run.notes}`.toLowerCase()
    return words.every((word) => text.includes(word))
  }
}

function runRow(run: Run, isSeed: boolean): RunRow {
  const { id, name, status, datasetName, config, kind, accuracy, zeroShotAccuracy, macroF1 } = run
  return {
    id,
    run,
    runs: [run],
    isSeed,
    name,
    statuses: [status],
    dataset: datasetName,
    shots: config.shots,
    kind,
    accuracy: accuracy === null ? null : summarise([accuracy]),
    zeroShot: zeroShotAccuracy,
    change: difference(accuracy, zeroShotAccuracy),
    macroF1,
    vectors: vectorsOf(run),
    seconds: secondsOf(run),
    created: run.createdAt,
    notes: run.notes,
  }
}

function groupRow(key: string, runs: readonly Run[]): RunRow {
  const [first] = runs
  const counted = newestOfEachSeed(runs)
  const accuracy = known(counted.map((run) => run.accuracy))
  const zeroShot = average(counted.map((run) => run.zeroShotAccuracy))
  const statuses = [...new Set(runs.map(({ status }) => status))]
  return {
    ...runRow(first!, false),
    id: key,
    run: null,
    runs,
    name: groupName(runs),
    statuses,
    accuracy: accuracy.length === 0 ? null : summarise(accuracy),
    zeroShot,
    change: difference(average(accuracy), zeroShot),
    macroF1: average(counted.map((run) => run.macroF1)),
    vectors: average(counted.map(vectorsOf)),
    seconds: sum(runs.map(secondsOf)),
    created: runs.map(({ createdAt }) => createdAt).reduce((a, b) => (a > b ? a : b)),
    notes: [...new Set(runs.map(({ notes }) => notes).filter(Boolean))].join(' · '),
  }
}

/** A seed that was run twice says nothing new: it counts once, with its newest run that has a result. */
function newestOfEachSeed(runs: readonly Run[]): Run[] {
  const bySeed = new Map<number, Run>()
  const byAge = [...runs].sort((a, b) => a.createdAt.localeCompare(b.createdAt))
  for (const run of byAge) {
    const known = bySeed.get(run.config.seed)
    if (known === undefined || run.accuracy !== null || known.accuracy === null)
      bySeed.set(run.config.seed, run)
  }
  return [...bySeed.values()]
}

/** What the names of the seeds have in common at their beginning; where that says nothing, what they do. */
function groupName(runs: readonly Run[]): string {
  const [first = '', ...others] = runs.map(({ name }) => name)
  let length = first.length
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length--
  const isWhole = runs.every(({ name }) => name === first)
  const common = isWhole ? first : first.slice(0, length).replace(/[\p{L}\p{N}]*$/u, '')
  const bare = common.replace(/[\s,·(#=:_-]*(seed)?[\s,·(#=:_-]*$/i, '')
  if (/\p{L}{3}/u.test(bare)) return bare
  return messages.runs.groupName(messages.runs.kinds[runs[0]!.kind], runs[0]!.config.shots)
}

function compare(a: RunRow, b: RunRow, { key, descending }: RunListView['sort']): number {
  const left = sortValue(a, key)
  const right = sortValue(b, key)
  // What has no value comes last, whichever way round.
  if (left === null || right === null) return Number(left === null) - Number(right === null)
  const order = typeof left === 'string' ? left.localeCompare(String(right)) : left - Number(right)
  return descending ? -order : order
}

function sortValue(row: RunRow, key: SortKey): string | number | null {
  if (key === 'accuracy') return row.accuracy?.mean ?? null
  if (key === 'status') return row.statuses[0]!
  return row[key]
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null)
}

function sum(values: readonly (number | null)[]): number | null {
  const numbers = known(values)
  return numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0)
}

function average(values: readonly (number | null)[]): number | null {
  const total = sum(values)
  return total === null ? null : total / known(values).length
}

function difference(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b
}
