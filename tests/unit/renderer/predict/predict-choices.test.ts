import { expect, it } from 'vitest'
import {
  DEFAULT_CHOICES,
  OTHER_FOLDER,
  predictRequest,
} from '../../../../src/renderer/src/components/predict/predict-choices.ts'

it('asks for nothing that was not chosen', () => {
  expect(predictRequest({ ...DEFAULT_CHOICES, source: 'r1' }, ['/p'])).toEqual({
    source: 'r1',
    paths: ['/p'],
    top: 5,
  })
})

it('takes another folder as source, a CSV file and other weights', () => {
  const choices = {
    ...DEFAULT_CHOICES,
    source: OTHER_FOLDER,
    folder: ' /exports/a ',
    csv: '/out.csv',
    modelId: 'tiny',
  }
  expect(predictRequest(choices, ['/p'])).toEqual({
    source: '/exports/a',
    paths: ['/p'],
    top: 5,
    csv: '/out.csv',
    modelId: 'tiny',
  })
})

it('is no request without prompts or pictures', () => {
  expect(predictRequest(DEFAULT_CHOICES, ['/p'])).toBeNull()
  expect(predictRequest({ ...DEFAULT_CHOICES, source: OTHER_FOLDER }, ['/p'])).toBeNull()
  expect(predictRequest({ ...DEFAULT_CHOICES, source: 'r1' }, [])).toBeNull()
})
