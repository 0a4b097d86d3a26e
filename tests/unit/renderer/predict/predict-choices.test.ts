import { expect, it } from 'vitest'
import {
  canContinue,
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

it('goes on with what was broken off, where a file tells how far it came', () => {
  const record = {
    id: 't',
    source: 'r1',
    paths: ['/p'],
    csv: '/out.csv',
    top: 5,
    done: 1204,
    total: 5000,
    state: 'interrupted' as const,
    startedAt: '2026-01-01T00:00:00.000Z',
  }
  expect(canContinue(record)).toBe(true)
  expect(canContinue({ ...record, csv: null })).toBe(false)
  expect(canContinue({ ...record, state: 'finished' })).toBe(false)
})
