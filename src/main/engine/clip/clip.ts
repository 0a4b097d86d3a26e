import type { ClipArchitecture } from '#shared/schemas/model'
import type { TensorOwner } from '../tensor/memory.ts'
import { uploadImageBranch, type ImageBranch } from './image-branch.ts'
import { uploadTextBranch, type TextBranch } from './text-branch.ts'
import type { ClipWeights } from './weights.ts'

/** A frozen CLIP on the device. */
export interface Clip extends TensorOwner {
  readonly architecture: ClipArchitecture
  readonly text: TextBranch
  readonly image: ImageBranch
  /** 1/temperature: what cosine similarities are multiplied with */
  readonly logitScale: number
  readonly digest: string
}

/** Puts weights on the device. The caller owns the result and may drop the weights. */
export function uploadClip(weights: ClipWeights): Clip {
  const text = uploadTextBranch(weights)
  const image = uploadImageBranch(weights)
  return {
    architecture: weights.architecture,
    text,
    image,
    logitScale: weights.logitScale,
    digest: weights.digest,
    dispose() {
      text.dispose()
      image.dispose()
    },
  }
}
