import { describe, expect, it } from 'vitest'
import {
  expectedSeconds,
  placeAfterMove,
  secondsUntilStart,
} from '../../../../src/renderer/src/components/queue/start-times.ts'

const estimate = (
  searchSeconds: number | null,
  trainSeconds: number | null,
  scoringSeconds: number | null,
) => ({
  basis: 'measured' as const,
  searchSeconds,
  trainSeconds,
  scoringSeconds,
  memoryBytes: 0,
  availableMemoryBytes: 0,
  diskBytes: 0,
  freeDiskBytes: 0,
  offers: [],
})

describe('when waiting runs start', () => {
  it('adds up what comes before', () => {
    expect(secondsUntilStart(10, [100, 200, 300])).toEqual([10, 110, 310])
    expect(secondsUntilStart(0, [100, 200])).toEqual([0, 100])
  })

  it('knows nothing from the first unknown on', () => {
    expect(secondsUntilStart(10, [100, null, 300, 5])).toEqual([10, 110, null, null])
    expect(secondsUntilStart(null, [100])).toEqual([null])
  })

  it('takes the parts of an estimate that are known', () => {
    expect(expectedSeconds(estimate(60, 30, 5))).toBe(95)
    expect(expectedSeconds(estimate(null, 30, null))).toBe(30)
    expect(expectedSeconds(estimate(null, null, null))).toBeNull()
    expect(expectedSeconds(null)).toBeNull()
  })
})

it('keeps a moved run within the list', () => {
  expect(placeAfterMove(0, -1, 3)).toBe(0)
  expect(placeAfterMove(1, 1, 3)).toBe(2)
  expect(placeAfterMove(2, 1, 3)).toBe(2)
})
