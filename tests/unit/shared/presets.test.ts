import { describe, expect, test } from 'vitest'
import { differences, presets } from '#shared/presets'
import { RunConfig } from '#shared/schemas/run'

describe('presets', () => {
  test('are complete: every one parses to itself', () => {
    for (const preset of Object.values(presets)) expect(RunConfig.parse(preset)).toEqual(preset)
  })

  test('the paper is the default of every field', () => {
    expect(presets.paper).toEqual(RunConfig.parse({}))
    expect(presets.paper.search).toMatchObject({
      epochs: 60,
      options: [0, 2, 4, 6],
      mixing: 'block',
      alphaOptimizer: 'sgd',
    })
    expect(presets.paper.train).toMatchObject({
      epochs: 40,
      batchSize: 4,
      learningRate: 3.5e-3,
      weightDecay: 5e-4,
    })
  })

  test('the released code differs in these fields', () => {
    expect(differences(presets.paper, presets['released-code'])).toEqual([
      { field: 'search.epochs', from: 60, to: 80 },
      { field: 'search.options', from: [0, 2, 4, 6], to: [0, 1, 2, 3, 4, 5, 6] },
      { field: 'search.mixing', from: 'block', to: 'attention' },
      { field: 'search.promptInitialisation', from: 'normal', to: 'as-released' },
      { field: 'search.validationBatchSize', from: 4, to: 16 },
      { field: 'search.validationBatches', from: 'cycle', to: 'first' },
      { field: 'search.alphaOptimizer', from: 'sgd', to: 'adam' },
      { field: 'train.textInput', from: 'template', to: 'token-ensemble' },
      { field: 'train.swapBranches', from: false, to: true },
      { field: 'train.distillation.lambda', from: 1, to: 0 },
      { field: 'train.distillation.reduction', from: 'batch-mean', to: 'element-mean' },
      { field: 'train.distillation.teacherText', from: 'template', to: 'last-template' },
    ])
  })
})
