import type { Tensor2D } from '../tensor/tf.ts'
import { splitParts } from '../tensor/ops.ts'
import { attendToTokens, finishBlock, joinHeads, plainBlock, type BlockForward } from '../clip/transformer.ts'
import { promptedAttention } from './mixed-block.ts'

/** The prompts of the retained context lengths of one branch. Borrowed from whoever trains or loaded them. */
export interface Subprompt {
  /** context length of each layer; 0 is a layer without a prompt */
  readonly contextLengths: readonly number[]
  /** [sum of context lengths, d]: the prompts of all layers, one after the other; null when there is none */
  readonly prompts: Tensor2D | null
}

/** The trained prompts' way through a block; layers without a prompt stay plain CLIP. */
export function subpromptBlock({ contextLengths, prompts }: Subprompt): BlockForward {
  if (prompts === null) return plainBlock
  const promptOfLayer = splitByLayer(prompts, contextLengths)
  return (block, rows, layer, view) => {
    const prompt = promptOfLayer[layer]
    if (prompt == null) return plainBlock(block, rows, layer, view)
    const tokens = attendToTokens(block, rows, view)
    return finishBlock(block, tokens.residual, joinHeads(promptedAttention(block, tokens, prompt)))
  }
}

/** The first layer with a prompt, or the depth when there is none: below it nothing depends on what is learned. */
export function lowestPromptedLayer(contextLengths: readonly number[]): number {
  const layer = contextLengths.findIndex((length) => length > 0)
  return layer === -1 ? contextLengths.length : layer
}

/** [sum of context lengths, d] -> a prompt per layer, null where the context length is 0 */
export function splitByLayer(prompts: Tensor2D, contextLengths: readonly number[]): (Tensor2D | null)[] {
  const lengths = contextLengths.filter((length) => length > 0)
  const parts = splitParts(prompts, lengths, 0)
  let next = 0
  return contextLengths.map((length) => (length === 0 ? null : parts[next++]!))
}
