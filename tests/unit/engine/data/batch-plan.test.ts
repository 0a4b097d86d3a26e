import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { trainingBatches, validationBatch } from '#main/engine/data/batch-plan'

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b)

describe('training batches', () => {
  test('are full, hold no image twice, and drop less than one batch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 32 }),
        fc.nat(5),
        (images, batchSize, epoch) => {
          const batches = trainingBatches(images, { batchSize, seed: 1, stage: 'train', epoch })
          const used = batches.flat()
          expect(new Set(used).size).toBe(used.length)
          expect(batches.every((batch) => batch.length === Math.min(batchSize, images))).toBe(true)
          expect(images - used.length).toBeLessThan(batchSize)
        },
      ),
    )
  })

  test('change from epoch to epoch and stage to stage, and with nothing else', () => {
    const plan = { batchSize: 4, seed: 1, stage: 'train', epoch: 2 }
    expect(trainingBatches(40, plan)).toEqual(trainingBatches(40, plan))
    expect(trainingBatches(40, plan)).not.toEqual(trainingBatches(40, { ...plan, epoch: 3 }))
    expect(trainingBatches(40, plan)).not.toEqual(trainingBatches(40, { ...plan, stage: 'search' }))
  })
})

describe('validation batches', () => {
  test('visit every image equally often, pass by pass', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20 }), (images, batchSize) => {
        const size = Math.min(images, batchSize)
        const stream = Array.from({ length: images }, (_, step) =>
          validationBatch(images, { batchSize, seed: 1, step, order: 'cycle' }),
        ).flat()
        expect(stream.length).toBe(images * size)
        for (let pass = 0; pass < size; pass++)
          expect(sorted(stream.slice(pass * images, (pass + 1) * images))).toEqual(
            Array.from({ length: images }, (_, i) => i),
          )
      }),
    )
  })

  test('are always the first images when asked for, as in the released code', () => {
    for (const step of [0, 5])
      expect(validationBatch(30, { batchSize: 3, seed: 1, step, order: 'first' })).toEqual([0, 1, 2])
  })
})
