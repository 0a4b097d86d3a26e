import { describe, expect, it } from 'vitest'
import { presets } from '#shared/presets'
import type { Dataset } from '#shared/schemas/dataset'
import type { Run } from '#shared/schemas/run-record'
import { RunConfig } from '#shared/schemas/run'
import {
  areSeeds,
  differencesToPaper,
  draftFrom,
  newDraft,
  requestOf,
  scientific,
  withGoal,
} from '../../../../src/renderer/src/components/new-run/draft.ts'
import {
  fields,
  parseNumbers,
  valueAtPath,
  withValue,
} from '../../../../src/renderer/src/components/new-run/fields.ts'
import { objectionsTo } from '../../../../src/renderer/src/components/new-run/objections.ts'
import { messages } from '../../../../src/renderer/src/messages/messages.ts'

const dataset = (train: number) =>
  ({
    id: 'pets',
    template: 'a photo of a {}, a pet.',
    classes: [{ counts: { train: 40 } }, { counts: { train } }],
  }) as Dataset

describe('a new draft', () => {
  it('is the paper with three seeds, and with as many shots as every class has', () => {
    const draft = newDraft(dataset(100), 'clip')
    expect(draft).toMatchObject({ goal: 'paper', kind: 'search-and-train', seeds: [1, 2, 3] })
    expect(requestOf(draft, 'pets')).toEqual({
      kind: 'search-and-train',
      datasetId: 'pets',
      modelId: 'clip',
      config: { ...presets.paper, template: 'a photo of a {}, a pet.' },
    })
    expect(newDraft(dataset(11), 'clip').config.shots).toBe(8)
    expect(requestOf(newDraft(dataset(9), ''), 'pets')).toBeNull()
  })

  it('keeps the data when the goal changes, and takes all else from the goal', () => {
    const draft = newDraft(dataset(11), 'clip')
    const quick = withGoal(draft, 'quick')
    expect(quick.seeds).toEqual([1])
    expect(quick.config).toEqual({ ...presets.quick, shots: 8, template: 'a photo of a {}, a pet.' })
    expect(withGoal({ ...draft, seeds: [7] }, 'quick').seeds).toEqual([7])
    expect(withGoal(draft, 'zero-shot').kind).toBe('zero-shot')
    expect(withGoal(quick, 'paper').seeds).toEqual([1, 2, 3])
  })

  it('names every difference of a goal to the paper', () => {
    expect(differencesToPaper('paper')).toEqual([])
    expect(differencesToPaper('distillation')).toEqual([
      { field: 'train.distillation.enabled', from: false, to: true },
    ])
    expect(differencesToPaper('released-code').map(({ field }) => field)).toContain('train.swapBranches')
  })
})

describe('a copied run', () => {
  const run = {
    kind: 'search-and-train',
    modelId: 'clip',
    contextLengths: { text: [2, 0], image: [4, 4] },
    config: { ...presets.quick, seed: 5, shots: 2 },
  } as Run

  it('begins with its settings and its seed', () => {
    const draft = draftFrom(run, {})
    expect(draft).toMatchObject({ goal: 'quick', seeds: [5], kind: 'search-and-train' })
    expect(draft.config).toEqual(run.config)
  })

  it('can have another batch or rate in both stages', () => {
    const { config } = draftFrom(run, { batch: 4, rate: 0.001 })
    expect([config.search?.batchSize, config.train?.batchSize]).toEqual([4, 4])
    expect([config.search?.learningRate, config.train?.learningRate]).toEqual([0.001, 0.001])
  })

  it('can be trained with the lengths it found', () => {
    const draft = draftFrom(run, { trainOnly: true })
    expect(draft).toMatchObject({ goal: 'train', kind: 'train' })
    expect(draft.config.train?.contextLengths).toEqual(run.contextLengths)
  })
})

describe('settings', () => {
  it('all have a label and a line of help', () => {
    for (const { path } of fields) {
      expect(messages.newRun.fields[path]?.label, path).toBeTruthy()
      expect(messages.newRun.fields[path]?.help, path).toBeTruthy()
      expect(valueAtPath(RunConfig.parse({}), path), path).not.toBeUndefined()
    }
    expect(Object.keys(messages.newRun.fields).sort()).toEqual(fields.map(({ path }) => path).sort())
  })

  it('are changed without touching the others', () => {
    const changed = withValue(presets.paper, 'train.distillation.lambda', 3)
    expect(changed.train.distillation).toEqual({ ...presets.paper.train.distillation, lambda: 3 })
    expect(changed.search).toBe(presets.paper.search)
    expect(presets.paper.train.distillation.lambda).toBe(1)
  })

  it('are entered as lists in any notation', () => {
    expect(parseNumbers('0, 2;4 · 6')).toEqual([0, 2, 4, 6])
    expect(parseNumbers('0 x')).toEqual([0, 'x'])
  })
})

describe('objections', () => {
  const draft = newDraft(dataset(100), 'clip')
  const to = (path: string, value: unknown) => [
    ...objectionsTo({ ...draft, config: withValue(draft.config, path, value) }, undefined),
  ]

  it('stand at their field and say what to enter', () => {
    expect([...objectionsTo(draft, undefined)]).toEqual([])
    expect(to('search.batchSize', 0)).toEqual([['search.batchSize', 'More than 0.']])
    expect(to('search.batchSize', 2.5)).toEqual([['search.batchSize', 'Give a whole number.']])
    expect(to('train.learningRate', null)).toEqual([['train.learningRate', 'Give a number.']])
    expect(to('train.momentum', 2)).toEqual([['train.momentum', 'At most 1.']])
    expect(to('search.options', [4, 2])[0]![0]).toBe('search.options')
    expect(to('search.options', [0, 'x'])[0]![0]).toBe('search.options')
    expect(to('template', 'a photo')[0]![0]).toBe('template')
  })

  it('are made to seeds and to lengths that do not fit the model', () => {
    expect(areSeeds([1, 2, 3])).toBe(true)
    for (const seeds of [[], [1, 1], [-1], [1.5], [Number.NaN]]) expect(areSeeds(seeds)).toBe(false)
    const train = withGoal(draft, 'train')
    expect([...objectionsTo(train, undefined).keys()]).toEqual([
      'train.contextLengths.text',
      'train.contextLengths.image',
    ])
  })
})

it('large numbers are written as powers of ten', () => {
  expect(scientific(4 ** 24)).toBe('2.81 × 10¹⁴')
  expect(scientific(256)).toBe('256')
})
