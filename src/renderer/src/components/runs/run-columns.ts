import { decimal, duration, percent, points, shortDate, whole } from '../../format.ts'
import { messages } from '../../messages/messages.ts'
import type { RunRow, SortKey } from './run-rows.ts'

/** A column of the list of runs. */
export interface RunColumn {
  readonly key: SortKey
  readonly title: string
  /** of CSS grid */
  readonly width: string
  readonly isNumber: boolean
  readonly text: (row: RunRow) => string
  /** for files: fixed, with a point, without units */
  readonly plain: (row: RunRow) => string
}

const words = messages.runs
const fixed = (value: number | null | undefined, digits: number) => value?.toFixed(digits) ?? ''
const states = (row: RunRow) => row.statuses.map((status) => messages.common.status[status]).join(', ')

/** All columns; the name always shows. */
export const runColumns: readonly RunColumn[] = [
  column('name', 'minmax(13rem, 2.5fr)', (row) => row.name),
  column('status', '7rem', states),
  column('dataset', 'minmax(6rem, 1fr)', (row) => row.dataset),
  numeric(
    'shots',
    '4rem',
    (row) => whole(row.shots),
    (row) => String(row.shots),
  ),
  column('kind', '8rem', (row) => words.kinds[row.kind]),
  numeric('accuracy', '8rem', accuracyText, (row) => fixed(row.accuracy?.mean, 6)),
  numeric(
    'change',
    '7.5rem',
    (row) => points(row.change),
    (row) => fixed(row.change, 6),
  ),
  numeric(
    'macroF1',
    '6.5rem',
    (row) => percent(row.macroF1),
    (row) => fixed(row.macroF1, 6),
  ),
  numeric('vectors', '5.5rem', vectorText, (row) => fixed(row.vectors, 1)),
  numeric(
    'seconds',
    '6.5rem',
    (row) => duration(row.seconds),
    (row) => fixed(row.seconds, 1),
  ),
  column(
    'created',
    '9rem',
    (row) => shortDate(row.created),
    (row) => row.created,
  ),
  column('notes', 'minmax(6rem, 1fr)', (row) => row.notes),
]

/** Rows as text with tabs, for a spreadsheet. Groups are left out: their runs are there. */
export function runsAsTsv(rows: readonly RunRow[], columns: readonly RunColumn[]): string {
  const extra = [words.columns.seed, words.columns.zeroShot]
  const lines = rows.map((row) => [
    ...columns.map((each) => each.plain(row)),
    String(row.run?.config.seed ?? ''),
    fixed(row.zeroShot, 6),
  ])
  return [[...columns.map(({ title }) => title), ...extra], ...lines]
    .map((cells) => cells.map((cell) => cell.replace(/[\t\r\n]+/g, ' ')).join('\t'))
    .join('\n')
}

function accuracyText({ accuracy }: RunRow): string {
  if (accuracy === null) return percent(null)
  const spread = accuracy.deviation === null ? '' : ` ± ${decimal(accuracy.deviation * 100, 1)}`
  return `${percent(accuracy.mean)}${spread}`
}

function vectorText({ vectors }: RunRow): string {
  if (vectors === null) return percent(null)
  return Number.isInteger(vectors) ? whole(vectors) : decimal(vectors, 1)
}

function column(
  key: SortKey,
  width: string,
  text: (row: RunRow) => string,
  plain: (row: RunRow) => string = text,
): RunColumn {
  return { key, title: words.columns[key], width, isNumber: false, text, plain }
}

function numeric(
  key: SortKey,
  width: string,
  text: (row: RunRow) => string,
  plain: (row: RunRow) => string,
): RunColumn {
  return { ...column(key, width, text, plain), isNumber: true }
}
