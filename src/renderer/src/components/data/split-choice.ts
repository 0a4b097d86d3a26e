import type { SplitFractions } from '#shared/schemas/dataset'

/** A way to draw a split. */
export interface SplitChoice {
  seed: number
  fractions: SplitFractions
}

/** Shares as people write them: whole per cents. */
export interface Shares {
  train: number
  validation: number
  test: number
}

export function sharesOf({ train, validation, test }: SplitFractions): Shares {
  return { train: round(train), validation: round(validation), test: round(test) }
}

export function fractionsOf({ train, validation, test }: Shares): SplitFractions {
  return { train: train / 100, validation: validation / 100, test: test / 100 }
}

export function sumOf({ train, validation, test }: Shares): number {
  return round((train + validation + test) / 100)
}

/** Two decimals of a per cent are more than anyone asks for. */
function round(fraction: number): number {
  return Math.round(fraction * 10_000) / 100
}
