import {
  alphaDifference,
  countDominants,
  margins,
  maximumDominants,
  optionWeights,
  undecidedLayers,
  type AlphaMatrix,
} from '#shared/alpha-matrix'
import { groupKey } from '#shared/run-groups'
import type { Branch, PromptConfiguration } from '#shared/schemas/prompt'
import type { RegisteredModel } from '#shared/schemas/registered-model'
import type { Run } from '#shared/schemas/run-record'
import type { AlphaMatrices, SearchEpoch } from '#shared/schemas/run'
import type { EpochPoint } from '../../charts/series.ts'

const BRANCHES: readonly Branch[] = ['text', 'image']

/** The branches that were searched, with their matrices. */
export function searchedBranches(alpha: AlphaMatrices): { branch: Branch; matrix: AlphaMatrix }[] {
  return BRANCHES.flatMap((branch) => {
    const matrix = alpha[branch]
    return matrix === null ? [] : [{ branch, matrix }]
  })
}

/** How many layers of all branches have made up their mind. */
export function decidedLayers(alpha: AlphaMatrices, margin: number): { decided: number; layers: number } {
  const matrices = searchedBranches(alpha).map(({ matrix }) => matrix)
  const layers = matrices.reduce((sum, matrix) => sum + matrix.length, 0)
  const open = matrices.reduce((sum, matrix) => sum + undecidedLayers(matrix, margin).length, 0)
  return { decided: layers - open, layers }
}

/** Alpha difference (Eq. 15) or dominants (Eq. 16) of a branch over epochs. */
export function confidencePoints(
  epochs: readonly SearchEpoch[],
  branch: Branch,
  measure: 'difference' | 'dominants',
  ratio: number,
): EpochPoint[] {
  return epochs.flatMap(({ epoch, alpha }) => {
    const matrix = alpha[branch]
    if (matrix === null) return []
    return [[epoch, measure === 'difference' ? alphaDifference(matrix) : countDominants(matrix, ratio)]]
  })
}

/**
 * What both measures end at when every layer of a branch has decided, lowest first; branches of one depth share theirs.
 */
export function confidenceCeilings(
  alpha: AlphaMatrices,
): { readonly value: number; readonly branches: readonly Branch[] }[] {
  const branches = searchedBranches(alpha).map(({ branch, matrix }) => ({
    branch,
    value: maximumDominants(matrix),
  }))
  const values = [...new Set(branches.map(({ value }) => value))].sort((a, b) => a - b)
  return values.map((value) => ({
    value,
    branches: branches.filter((each) => each.value === value).map(({ branch }) => branch),
  }))
}

/** One layer over the search. */
export interface LayerHistory {
  /** per option, its weight at every epoch */
  readonly weights: readonly (readonly EpochPoint[])[]
  readonly chosen: number
  readonly weight: number
  readonly margin: number
  /** when the winner last changed; null: it never did */
  readonly lastChange: { readonly epoch: number; readonly from: number; readonly to: number } | null
}

/** The history of a layer up to an epoch; weights are of all epochs. */
export function layerHistory(
  epochs: readonly SearchEpoch[],
  {
    branch,
    layer,
    options,
    until,
  }: { branch: Branch; layer: number; options: readonly number[]; until: number },
): LayerHistory | null {
  const states = epochs.flatMap(({ epoch, alpha }) => {
    const row = alpha[branch]?.[layer]
    return row === undefined ? [] : [{ epoch, row, weights: optionWeights([row])[0]! }]
  })
  const seen = states.filter(({ epoch }) => epoch <= until)
  const last = seen.at(-1)
  if (last === undefined) return null
  const winners = seen.map(({ epoch, row }) => ({ epoch, length: options[row.indexOf(Math.max(...row))]! }))
  const change = winners.findLastIndex((winner, i) => i > 0 && winner.length !== winners[i - 1]!.length)
  return {
    weights: options.map((_, option) => states.map(({ epoch, weights }) => [epoch, weights[option]!])),
    chosen: winners.at(-1)!.length,
    weight: Math.max(...last.weights),
    margin: margins([last.weights])[0]!,
    lastChange:
      change < 1
        ? null
        : { epoch: winners[change]!.epoch, from: winners[change - 1]!.length, to: winners[change]!.length },
  }
}

/** Other runs that differ only in the seed and have chosen their lengths. */
export function siblingsOf(run: Run, all: readonly Run[]): Run[] {
  const group = groupKey(run)
  return all
    .filter((other) => other.id !== run.id && other.contextLengths !== null && groupKey(other) === group)
    .sort((a, b) => a.config.seed - b.config.seed)
}

/** How many prompt vectors a configuration has, and how many numbers they are. */
export function promptSize(
  lengths: PromptConfiguration,
  model: RegisteredModel | undefined,
): { vectors: number; parameters: number | null } {
  const count = (branch: Branch) => lengths[branch].reduce((sum, length) => sum + length, 0)
  return {
    vectors: count('text') + count('image'),
    parameters:
      model === undefined
        ? null
        : count('text') * model.architecture.text.width + count('image') * model.architecture.image.width,
  }
}
