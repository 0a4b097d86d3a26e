import { describe, expect, test } from 'vitest'
import { classChanges, classFigures, worseClasses } from '#shared/class-changes'

const classesOf = (...accuracies: (number | null)[]) => ({
  classes: accuracies.map((accuracy, label) => ({
    name: `class ${label}`,
    images: accuracy === null ? 0 : 10,
    accuracy,
    f1: accuracy,
  })),
})

describe('changes of classes', () => {
  const zeroShot = classesOf(0.5, 0.9, null, 0.7, 0.8)
  const trained = classesOf(0.8, 0.6, null, 0.7, 0.7)

  test('name the classes that became worse, the worst first', () => {
    expect(worseClasses(zeroShot, trained).map(({ name }) => name)).toEqual(['class 1', 'class 4'])
    expect(worseClasses(zeroShot, trained)[0]).toMatchObject({
      label: 1,
      before: 0.9,
      after: 0.6,
      images: 10,
    })
  })

  test('are given for every class that has test images', () => {
    expect(classChanges(zeroShot, trained).map(({ label }) => label)).toEqual([1, 4, 3, 0])
  })

  test('are none between other classes', () => {
    expect(classChanges(classesOf(0.5), trained)).toEqual([])
    const renamed = { classes: trained.classes.map((each) => ({ ...each, name: `other ${each.name}` })) }
    expect(classChanges(zeroShot, renamed)).toEqual([])
  })
})

describe('figures of classes', () => {
  test('come out of the confusion matrix', () => {
    const figures = classFigures({
      ...classesOf(0.75, 0.5, null),
      classes: [
        { name: 'cat', images: 4, accuracy: 0.75, f1: 0.75 },
        { name: 'dog', images: 2, accuracy: 0.5, f1: 0.4 },
        { name: 'cow', images: 0, accuracy: null, f1: null },
        { name: 'owl', images: 1, accuracy: 0, f1: 0 },
      ],
      confusion: [
        [3, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 0, 0],
        [0, 1, 0, 0],
      ],
    })
    expect(figures.map(({ recall }) => recall)).toEqual([3 / 4, 1 / 2, null, 0])
    expect(figures.map(({ precision }) => precision)).toEqual([3 / 4, 1 / 3, null, null])
  })
})
