import { describe, expect, test } from 'vitest'
import { RunConfig } from '#shared/schemas/run'
import { adjustConfig } from '#main/services/run-adjustment'

const config = RunConfig.parse({
  search: { batchSize: 8, validationBatchSize: 2, learningRate: 0.01, alphaLearningRate: 0.03 },
  train: { batchSize: 4, learningRate: 0.005 },
})

describe('what a run goes on with', () => {
  test('has at most so many images at a time', () => {
    const { search, train } = adjustConfig(config, { batchSize: 3 })
    expect([search.batchSize, search.validationBatchSize, train.batchSize]).toEqual([3, 2, 3])
  })

  test('learns more slowly in all its parts', () => {
    const { search, train } = adjustConfig(config, { learningRate: 0.005 })
    expect([search.learningRate, search.alphaLearningRate, train.learningRate]).toEqual([
      0.005, 0.015, 0.0025,
    ])
    expect(adjustConfig(config, { learningRate: 1 })).toEqual(config)
  })
})
