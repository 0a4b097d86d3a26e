/** The alpha matrix of one branch: one row per layer, one column per option. */
export type AlphaMatrix = readonly (readonly number[])[]

/**
 * The paper writes "much greater than" without a number; ours: the winner's option weight is at least this many
 * times the other's. A threshold is always shown beside what is counted with it.
 */
export const DEFAULT_DOMINANCE_RATIO = 10

/** Two options of a layer closer than this are undecided: a factor below 2 between their weights. */
export const DEFAULT_TIE_GAP = Math.LN2

/** The softmax of each row. */
export function optionWeights(alpha: AlphaMatrix): number[][] {
  return alpha.map(softmax)
}

/** Lines 6-8 of Algorithm 1: the option with the largest alpha of each layer decides; ties take the shorter. */
export function selectContextLengths(alpha: AlphaMatrix, options: readonly number[]): number[] {
  return alpha.map((row) => options[indexOfMax(row)]!)
}

/** Alpha difference, Eq. 15: how far every other option lies behind its layer's winner. 0 when all are equal. */
export function alphaDifference(alpha: AlphaMatrix): number {
  return sum(
    optionWeights(alpha).map((row) => {
      const largest = Math.max(...row)
      return sum(row.map((weight) => largest - weight))
    }),
  )
}

/** Number of dominants, Eq. 16: pairs of a layer's winner and another option that it dominates by `ratio`. */
export function countDominants(alpha: AlphaMatrix, ratio: number = DEFAULT_DOMINANCE_RATIO): number {
  const gap = Math.log(ratio)
  return sum(
    alpha.map((row) => {
      const winner = indexOfMax(row)
      return row.filter((value, option) => option !== winner && row[winner]! - value >= gap).length
    }),
  )
}

/** The number of dominants of an ideal matrix, l·(t − 1). */
export function maximumDominants(alpha: AlphaMatrix): number {
  return sum(alpha.map((row) => row.length - 1))
}

/** Whether in every layer one option dominates all others, Definition 4.1. */
export function isSingleDominant(alpha: AlphaMatrix, ratio: number = DEFAULT_DOMINANCE_RATIO): boolean {
  return countDominants(alpha, ratio) === maximumDominants(alpha)
}

/** By how much each layer's largest alpha leads the second. */
export function margins(alpha: AlphaMatrix): number[] {
  return alpha.map((row) => {
    const [first, second] = [...row].sort((a, b) => b - a)
    return first! - (second ?? Number.NEGATIVE_INFINITY)
  })
}

/** Layers whose two best options are nearly tied, Eq. 14: 0-based layer numbers. */
export function nearTies(alpha: AlphaMatrix, gap: number = DEFAULT_TIE_GAP): number[] {
  return margins(alpha).flatMap((margin, layer) => (margin < gap ? [layer] : []))
}

/** Layers whose two largest option weights differ by less than `margin` (between 0 and 1): 0-based layer numbers. */
export function undecidedLayers(alpha: AlphaMatrix, margin: number): number[] {
  return nearTies(optionWeights(alpha), margin)
}

/** How many prompt configurations a search chooses from. */
export function searchSpaceSize(optionCount: number, layers: number): number {
  return optionCount ** layers
}

function softmax(row: readonly number[]): number[] {
  const largest = Math.max(...row)
  const exponentials = row.map((value) => Math.exp(value - largest))
  const total = sum(exponentials)
  return exponentials.map((value) => value / total)
}

function indexOfMax(row: readonly number[]): number {
  return row.indexOf(Math.max(...row))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
