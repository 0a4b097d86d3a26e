import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupRuns } from '#shared/run-groups'
import type { Run } from '#shared/schemas/run-record'
import { RunConfig, RunStatus } from '#shared/schemas/run'
import { runColumns, runsAsTsv } from '../../../../src/renderer/src/components/runs/run-columns.ts'
import {
  runRows,
  secondsOf,
  ungroupedRows,
  vectorsOf,
  type RunListView,
} from '../../../../src/renderer/src/components/runs/run-rows.ts'

function run(changes: Partial<Run> & { seed?: number; shots?: number } = {}): Run {
  const { seed = 1, shots = 16, ...others } = changes
  return {
    id: `r${seed}`,
    name: `Pets (seed ${seed})`,
    kind: 'search-and-train',
    status: 'finished',
    config: RunConfig.parse({ seed, shots }),
    datasetId: 'pets',
    datasetName: 'Pets',
    modelId: 'tiny',
    modelName: 'Tiny CLIP',
    folder: `/data/runs/r${seed}`,
    createdAt: `2026-01-0${seed}T00:00:00.000Z`,
    startedAt: null,
    finishedAt: null,
    error: null,
    zeroShotAccuracy: 0.5,
    accuracy: 0.6,
    contextLengths: { text: [2, 0], image: [4, 1] },
    searchSeconds: 10,
    trainSeconds: 5,
    datasetFingerprint: 'f',
    macroF1: 0.55,
    testImages: 100,
    notes: '',
    ...others,
  }
}

const view = (changes: Partial<RunListView> = {}): RunListView => ({
  search: '',
  status: 'all',
  sort: { key: 'created', descending: true },
  open: new Set(),
  ...changes,
})
const rowsOf = (runs: readonly Run[], changes: Partial<RunListView> = {}) =>
  runRows(groupRuns(runs), view(changes))

describe('the list of runs', () => {
  const seeds = [
    run({ seed: 1, accuracy: 0.7 }),
    run({ seed: 2, accuracy: 0.74, status: 'paused' }),
    run({ seed: 3, accuracy: 0.75, notes: 'the good one' }),
  ]

  it('makes one line of runs that differ in the seed, with mean and sample deviation', () => {
    const [row, ...others] = rowsOf(seeds)
    expect(others).toEqual([])
    expect(row).toMatchObject({ run: null, name: 'Pets', seconds: 45, vectors: 7 })
    // by hand: mean 0.73; squares 0.0009 + 0.0001 + 0.0004 = 0.0014, by 2, root
    expect(row!.accuracy!.mean).toBeCloseTo(0.73, 12)
    expect(row!.accuracy!.deviation).toBeCloseTo(0.026457513, 8)
    expect(row!.change).toBeCloseTo(0.23, 12)
  })

  it('counts a seed that was run twice once, with its newest result', () => {
    const again = { ...run({ seed: 1, accuracy: 0.71 }), id: 'again', createdAt: '2026-02-01T00:00:00.000Z' }
    const stopped = {
      ...run({ seed: 1, accuracy: null }),
      id: 'stopped',
      createdAt: '2026-03-01T00:00:00.000Z',
    }
    const [row] = rowsOf([...seeds, again, stopped])
    expect(row!.accuracy).toMatchObject({ count: 3 })
    expect(row!.accuracy!.mean).toBeCloseTo((0.71 + 0.74 + 0.75) / 3, 12)
    expect(row!.runs).toHaveLength(5)
  })

  it('says the same of a group whatever is looked for', () => {
    const statuses = fc.constantFrom('all' as const, ...RunStatus.options)
    const searches = fc.constantFrom('', 'pets', 'good', 'seed 2', 'nowhere')
    const whole = rowsOf(seeds)[0]!
    fc.assert(
      fc.property(statuses, searches, (status, search) => {
        const [row] = rowsOf(seeds, { status, search })
        if (row !== undefined) expect(row).toEqual(whole)
      }),
    )
    expect(rowsOf(seeds, { search: 'good' })).toHaveLength(1)
    expect(rowsOf(seeds, { search: 'nowhere' })).toEqual([])
  })

  it('lists the seeds of an open group in their order, those that match', () => {
    const [group] = rowsOf(seeds)
    const open = new Set([group!.id])
    expect(rowsOf([seeds[2]!, seeds[0]!, seeds[1]!], { open }).map(({ id }) => id)).toEqual([
      group!.id,
      'r1',
      'r2',
      'r3',
    ])
    expect(rowsOf(seeds, { open, status: 'paused' }).map(({ id }) => id)).toEqual([group!.id, 'r2'])
  })

  it('keeps runs with other settings apart', () => {
    const rows = rowsOf([...seeds, run({ id: 'other', name: 'Four shots', seed: 4, shots: 4 })])
    expect(rows.map(({ name }) => name)).toEqual(['Four shots', 'Pets'])
  })

  it('puts what has no value last, whichever way round', () => {
    const runs = [
      run({ id: 'a', shots: 1, accuracy: 0.6 }),
      run({ id: 'b', shots: 2, accuracy: null }),
      run({ id: 'c', shots: 4, accuracy: 0.8 }),
    ]
    const order = (descending: boolean) =>
      rowsOf(runs, { sort: { key: 'accuracy', descending } }).map(({ id }) => id)
    expect(order(true)).toEqual(['c', 'a', 'b'])
    expect(order(false)).toEqual(['a', 'c', 'b'])
  })

  it('names a group by what its runs do when their names have nothing in common', () => {
    const named = (name: string, seed: number) => run({ id: name, name, seed })
    const name = (...names: string[]) => rowsOf(names.map((each, i) => named(each, i + 1)))[0]!.name
    expect(name('20261123-2348-x', '20261124-0006-x')).toBe('Search and train, 16 shots')
    expect(name('Birds #1', 'Birds #2')).toBe('Birds')
    expect(name('Birds', 'Birds')).toBe('Birds')
  })

  it('lists a thousand runs in well under 300 ms', () => {
    const runs = Array.from({ length: 1000 }, (_, i) =>
      run({ id: `r${i}`, name: `Run ${i}`, seed: (i % 9) + 1, shots: 1 + (i % 300) }),
    )
    const began = performance.now()
    const rows = rowsOf(runs)
    expect(performance.now() - began).toBeLessThan(300)
    expect(rows.reduce((sum, row) => sum + row.runs.length, 0)).toBe(1000)
  })
})

describe('figures of a run', () => {
  it('has no time and no vectors before there are any', () => {
    expect(secondsOf(run({ searchSeconds: null, trainSeconds: null }))).toBeNull()
    expect(secondsOf(run({ searchSeconds: null, trainSeconds: 5 }))).toBe(5)
    expect(vectorsOf(run({ contextLengths: null }))).toBeNull()
  })
})

describe('the table as text', () => {
  it('has a line per run with tabs, points as decimal signs, and nothing that would break a cell', () => {
    const text = runsAsTsv(
      ungroupedRows([run({ notes: 'two\nlines\tand a tab', accuracy: 0.6734567 })]),
      runColumns.filter(({ key }) => ['name', 'accuracy', 'notes'].includes(key)),
    )
    expect(text.split('\n').map((line) => line.split('\t'))).toEqual([
      ['Name', 'Accuracy', 'Notes', 'Seed', 'Zero-shot accuracy'],
      ['Pets (seed 1)', '0.673457', 'two lines and a tab', '1', '0.500000'],
    ])
  })
})
