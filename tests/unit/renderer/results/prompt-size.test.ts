import { expect, it } from 'vitest'
import { promptSizes } from '../../../../src/renderer/src/components/results/prompt-size.ts'
import { model } from '../../../support/records.ts'

it('counts vectors and the numbers in them, each branch with its own width', () => {
  const architecture = { ...model.architecture, image: { ...model.architecture.image, width: 16 } }
  expect(promptSizes({ text: [2, 0], image: [4, 1] }, architecture)).toEqual([
    { branch: 'text', vectors: 2, width: 8, parameters: 16 },
    { branch: 'image', vectors: 5, width: 16, parameters: 80 },
  ])
  expect(promptSizes({ text: [2, 0], image: [4, 1] }, null)[0]).toMatchObject({
    vectors: 2,
    parameters: null,
  })
})
