import { describe, expect, it } from 'vitest'
import type { Dataset, ImportProblem } from '#shared/schemas/dataset'
import type { Evaluation } from '#shared/schemas/run'
import { classFacts } from '../../../../src/renderer/src/components/data/class-facts.ts'
import { fewShotClasses } from '../../../../src/renderer/src/components/data/few-shot-classes.ts'
import { problemGroups } from '../../../../src/renderer/src/components/data/problem-groups.ts'
import { fractionsOf, sharesOf, sumOf } from '../../../../src/renderer/src/components/data/split-choice.ts'
import { datasetOf } from '../support/project.ts'

const problem = (kind: ImportProblem['kind'], severity: ImportProblem['severity'], paths: string[] = []) =>
  ({ kind, severity, paths, message: '', count: 1, consequence: 'c', remedy: 'r' }) satisfies ImportProblem

describe('groups of problems', () => {
  it('put warnings before what was left out and notes, and count what is not listed', () => {
    const groups = problemGroups({
      problems: [problem('corrupt', 'excluded'), problem('tiny', 'note'), problem('split-leak', 'warning')],
      totals: { corrupt: 120, tiny: 1, 'split-leak': 1 },
      excluded: 120,
    })
    expect(groups.map(({ kind, total }) => [kind, total])).toEqual([
      ['split-leak', 1],
      ['corrupt', 120],
      ['tiny', 1],
    ])
  })
})

describe('facts of classes', () => {
  const dataset: Dataset = datasetOf({
    classes: [
      {
        name: 'wild_cat',
        prompt: 'wild cat',
        folder: 'wild_cat',
        counts: { train: 4, validation: 2, test: 3 },
      },
      { name: 'dog', prompt: 'dog', folder: 'dog', counts: { train: 1, validation: 0, test: 0 } },
    ],
    report: {
      problems: [
        problem('split-leak', 'warning', ['wild_cat/1.jpg', 'wild_cat/2.jpg']),
        problem('tiny', 'note', ['dog/1.jpg']),
      ],
      totals: {},
      excluded: 0,
    },
  })
  const zeroShot = {
    classes: [{ name: 'wild cat', images: 3, accuracy: 0.5, f1: null }],
  } as unknown as Evaluation

  it('know a class of a run by the words of that time', () => {
    expect(classFacts(dataset, zeroShot).map(({ zeroShot }) => zeroShot)).toEqual([0.5, null])
  })

  it('count problems once per class, notes aside', () => {
    expect(classFacts(dataset, undefined).map(({ problems, images }) => [problems, images])).toEqual([
      [1, 9],
      [0, 1],
    ])
  })
})

describe('few-shot images', () => {
  it('are told apart by class, with the classes that have too few', () => {
    const item = (path: string, label: number) => ({ path, label, split: 'train' as const })
    const drawn = {
      train: [item('a/1', 0), item('b/1', 1), item('a/2', 0)],
      validation: [item('a/3', 0)],
      short: [{ label: 1, images: 1 }],
    }
    expect(fewShotClasses(drawn, 2)).toEqual([
      { label: 0, train: ['a/1', 'a/2'], validation: ['a/3'], short: null },
      { label: 1, train: ['b/1'], validation: [], short: 1 },
    ])
  })
})

describe('shares of a split', () => {
  it('go to fractions and back, and add up in spite of binary fractions', () => {
    const fractions = { train: 0.7, validation: 0.1, test: 0.2 }
    expect(sharesOf(fractions)).toEqual({ train: 70, validation: 10, test: 20 })
    expect(sumOf(sharesOf(fractions))).toBe(100)
    expect(sumOf({ train: 33.3, validation: 33.3, test: 33.4 })).toBe(100)
    expect(fractionsOf({ train: 50, validation: 20, test: 30 })).toEqual({
      train: 0.5,
      validation: 0.2,
      test: 0.3,
    })
  })
})
