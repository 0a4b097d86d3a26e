import { expect } from 'vitest'
import * as tf from '#main/engine/tensor/tf'

type Nested = number | readonly Nested[]

/** Expects two nested arrays of numbers to differ nowhere by more than `tolerance` (relative above 1). */
export function expectClose(actual: Nested, expected: Nested, tolerance: number): void {
  expect(largestDifference(actual, expected)).toBeLessThanOrEqual(tolerance)
}

/** Expects the body to release every tensor that it makes. */
export function expectNoLeak(body: () => unknown): void {
  const before = tf.memory().numTensors
  body()
  expect(tf.memory().numTensors).toBe(before)
}

function largestDifference(actual: Nested, expected: Nested): number {
  const a = flatten(actual)
  const b = flatten(expected)
  expect(a.length).toBe(b.length)
  return a.reduce((largest, value, i) => {
    const difference = Math.abs(value - b[i]!) / Math.max(1, Math.abs(b[i]!))
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference)
  }, 0)
}

function flatten(values: Nested): number[] {
  return typeof values === 'number' ? [values] : values.flatMap(flatten)
}
