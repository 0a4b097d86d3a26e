import { describe, expect, it } from 'vitest'
import { parameterCount } from '../../../../src/renderer/src/components/models/parameters.ts'

const common = { activation: 'quick_gelu' as const, layerNormEpsilon: 1e-5 }

describe('the number of parameters', () => {
  it('is the published one of CLIP ViT-B/16', () => {
    const architecture = {
      ...common,
      image: { width: 768, depth: 12, heads: 12, patchSize: 16, imageSize: 224 },
      text: { width: 512, depth: 12, heads: 8, textPositions: 77, vocabularySize: 49_408 },
      embeddingSize: 512,
    }
    expect(parameterCount(architecture)).toBe(149_620_737)
  })

  it('is that of the starter weights, counted in their file', () => {
    const architecture = {
      ...common,
      image: { width: 192, depth: 6, heads: 3, patchSize: 8, imageSize: 64 },
      text: { width: 192, depth: 4, heads: 3, textPositions: 32, vocabularySize: 4096 },
      embeddingSize: 256,
    }
    expect(parameterCount(architecture)).toBe(5_390_209)
  })
})
