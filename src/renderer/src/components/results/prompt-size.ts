import type { ClipArchitecture } from '#shared/schemas/model'
import type { PromptConfiguration } from '#shared/schemas/prompt'

/** How many prompt vectors a branch learned, and how many numbers they are. */
export interface PromptSize {
  readonly branch: 'text' | 'image'
  readonly vectors: number
  /** null while the weights are not known */
  readonly width: number | null
  readonly parameters: number | null
}

/** Sizes of both branches; a vector has the width of its transformer. */
export function promptSizes(
  lengths: PromptConfiguration,
  architecture: ClipArchitecture | null,
): PromptSize[] {
  return (['text', 'image'] as const).map((branch) => {
    const vectors = lengths[branch].reduce((sum, length) => sum + length, 0)
    const width = architecture?.[branch].width ?? null
    return { branch, vectors, width, parameters: width === null ? null : vectors * width }
  })
}
