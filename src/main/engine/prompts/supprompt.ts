import type { PerBranch } from '#shared/schemas/prompt'
import { Branch } from '#shared/schemas/prompt'
import type { SearchConfig } from '#shared/schemas/run'
import * as tf from '../tensor/tf.ts'
import type { Tensor2D, Tensor3D } from '../tensor/tf.ts'
import type { NamedTensors } from '../tensor/memory.ts'
import { createRandom, normalArray } from '../tensor/random.ts'
import type { Supprompt } from './mixed-block.ts'

/** Layers and width of the branches that get prompts. */
export type BranchShapes = Partial<PerBranch<{ depth: number; width: number }>>

const PROMPT_SCALE = 0.02

/**
 * The state of a search before its first step: per branch the prompts of all options, alpha, and what their
 * optimizers remember. Names are `<branch>.<what>`. The caller owns the tensors.
 */
export function createSearchState(shapes: BranchShapes, config: SearchConfig, seed: number): NamedTensors {
  const state: Record<string, tf.Tensor> = {}
  for (const branch of branchesOf(shapes)) {
    const { depth, width } = shapes[branch]!
    const promptShape: [number, number, number] = [depth, sumOf(config.options), width]
    const alphaShape: [number, number] = [depth, config.options.length]
    state[`${branch}.prompts`] = tf.tensor3d(initialPrompts(branch, promptShape, config, seed), promptShape)
    state[`${branch}.promptVelocity`] = tf.zeros(promptShape)
    const alpha = normalArray(
      createRandom(seed, 'alpha', branch),
      depth * config.options.length,
      config.alphaInitialScale,
    )
    state[`${branch}.alpha`] = tf.tensor2d(alpha, alphaShape)
    if (config.alphaOptimizer === 'sgd') state[`${branch}.alphaVelocity`] = tf.zeros(alphaShape)
    else {
      state[`${branch}.alphaFirst`] = tf.zeros(alphaShape)
      state[`${branch}.alphaSecond`] = tf.zeros(alphaShape)
      state[`${branch}.alphaStep`] = tf.scalar(0)
    }
  }
  return state
}

/** The supprompt of one branch out of a search state. Borrowed from the state. */
export function suppromptOf(
  state: NamedTensors,
  branch: Branch,
  { options, mixing }: Pick<SearchConfig, 'options' | 'mixing'>,
): Supprompt {
  return {
    options,
    mixing,
    prompts: state[`${branch}.prompts`] as Tensor3D,
    alpha: state[`${branch}.alpha`] as Tensor2D,
  }
}

/** The branches of a record, text first. */
export function branchesOf(perBranch: Partial<PerBranch<unknown>>): Branch[] {
  return Branch.options.filter((branch) => perBranch[branch] !== undefined)
}

/** The released search draws text prompts from uniform(0, 1) and image prompts from normal(1). */
function initialPrompts(
  branch: Branch,
  shape: readonly number[],
  { promptInitialisation }: SearchConfig,
  seed: number,
): Float32Array {
  const random = createRandom(seed, 'search-prompts', branch)
  const length = shape.reduce((product, size) => product * size, 1)
  if (promptInitialisation === 'normal') return normalArray(random, length, PROMPT_SCALE)
  return branch === 'image'
    ? normalArray(random, length, 1)
    : Float32Array.from({ length }, () => random.uniform())
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
