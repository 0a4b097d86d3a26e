/** What several measurements of the same thing come to. */
export interface Summary {
  readonly count: number
  readonly mean: number
  /** sample standard deviation, with n - 1; null of a single value */
  readonly deviation: number | null
  /** where the true mean lies with 95 % confidence, by Student's t; null of a single value */
  readonly interval: { readonly low: number; readonly high: number } | null
}

/** Mean, spread and confidence of at least one value. */
export function summarise(values: readonly number[]): Summary {
  const count = values.length
  if (count === 0) throw new RangeError('Nothing to summarise')
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  if (count === 1) return { count, mean, deviation: null, interval: null }
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / (count - 1))
  const half = (studentQuantile(count - 1) * deviation) / Math.sqrt(count)
  return { count, mean, deviation, interval: { low: mean - half, high: mean + half } }
}

/** 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom. */
const STUDENT = [
  12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.306, 2.26216, 2.22814, 2.20099, 2.17881,
  2.16037, 2.14479, 2.13145, 2.11991, 2.10982, 2.10092, 2.09302, 2.08596,
]

const NORMAL = 1.959964

/** Beyond the table its expansion in 1 / degrees, which is right to five digits there. */
function studentQuantile(degrees: number): number {
  const known = STUDENT[degrees - 1]
  if (known !== undefined) return known
  const first = (NORMAL ** 3 + NORMAL) / 4
  const second = (5 * NORMAL ** 5 + 16 * NORMAL ** 3 + 3 * NORMAL) / 96
  const third = (3 * NORMAL ** 7 + 19 * NORMAL ** 5 + 17 * NORMAL ** 3 - 15 * NORMAL) / 384
  return NORMAL + first / degrees + second / degrees ** 2 + third / degrees ** 3
}
