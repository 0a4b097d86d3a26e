import { describe, expect, it } from 'vitest'
import { alphaDifference, countDominants } from '#shared/alpha-matrix'
import { presets } from '#shared/presets'
import type { RegisteredModel } from '#shared/schemas/registered-model'
import type { Run } from '#shared/schemas/run-record'
import type { AlphaMatrices, SearchEpoch } from '#shared/schemas/run'
import {
  confidenceCeilings,
  confidencePoints,
  decidedLayers,
  layerHistory,
  promptSize,
  siblingsOf,
} from '../../../../src/renderer/src/components/live-run/search-figures.ts'

const text = [
  [0, 0, 5],
  [1, 1, 0],
]
const alpha: AlphaMatrices = { text, image: [[3, 0, 0]] }
const epochs = [
  { epoch: 0, alpha: { text: [[0, 0, 0]], image: null } },
  { epoch: 1, alpha: { text: [[0, 1, 0]], image: null } },
  { epoch: 2, alpha: { text: [[0, 1, 2]], image: null } },
  { epoch: 3, alpha: { text: [[0, 1, 3]], image: null } },
] as SearchEpoch[]

describe('how sure a search is', () => {
  it('counts layers of both branches whose margin is large enough', () => {
    expect(decidedLayers(alpha, 0.1)).toEqual({ decided: 2, layers: 3 })
    expect(decidedLayers(alpha, 0.95)).toEqual({ decided: 1, layers: 3 })
    expect(decidedLayers({ text: null, image: [[3, 0, 0]] }, 0.1)).toEqual({ decided: 1, layers: 1 })
  })

  it('ends at the ceiling of its branch, one for branches of the same depth', () => {
    expect(confidenceCeilings(alpha)).toEqual([
      { value: 2, branches: ['image'] },
      { value: 4, branches: ['text'] },
    ])
    expect(confidenceCeilings({ text, image: text })).toEqual([{ value: 4, branches: ['text', 'image'] }])
    expect(confidenceCeilings({ text: null, image: null })).toEqual([])
  })

  it('draws both measures per branch', () => {
    const one = [{ epoch: 4, alpha }] as SearchEpoch[]
    expect(confidencePoints(one, 'text', 'difference', 10)).toEqual([[4, alphaDifference(text)]])
    expect(confidencePoints(one, 'text', 'dominants', 10)).toEqual([[4, countDominants(text, 10)]])
    expect(confidencePoints(epochs, 'image', 'difference', 10)).toEqual([])
  })
})

describe('the history of a layer', () => {
  const place = { branch: 'text', layer: 0, options: [0, 2, 4] } as const

  it('knows when it last changed its mind, up to the epoch that is looked at', () => {
    expect(layerHistory(epochs, { ...place, until: 3 })).toMatchObject({
      chosen: 4,
      lastChange: { epoch: 2, from: 2, to: 4 },
    })
    expect(layerHistory(epochs, { ...place, until: 1 })).toMatchObject({
      chosen: 2,
      lastChange: { epoch: 1, from: 0, to: 2 },
    })
    expect(layerHistory(epochs, { ...place, until: 0 })!.lastChange).toBeNull()
    expect(layerHistory(epochs, { ...place, branch: 'image', until: 3 })).toBeNull()
  })

  it('has a line per length that add up to one', () => {
    const { weights } = layerHistory(epochs, { ...place, until: 0 })!
    expect(weights).toHaveLength(3)
    const sums = epochs.map((_, i) => weights.reduce((sum, line) => sum + line[i]![1]!, 0))
    for (const sum of sums) expect(sum).toBeCloseTo(1)
  })
})

describe('a configuration', () => {
  it('has a size in vectors and in numbers', () => {
    const model = { architecture: { text: { width: 512 }, image: { width: 768 } } } as RegisteredModel
    expect(promptSize({ text: [2, 0], image: [4, 1] }, model)).toEqual({
      vectors: 7,
      parameters: 2 * 512 + 5 * 768,
    })
    expect(promptSize({ text: [2], image: [0] }, undefined).parameters).toBeNull()
  })

  it('is compared with runs that differ only in the seed', () => {
    const base = { kind: 'search', datasetId: 'd', datasetFingerprint: '', modelId: 'm' } as Run
    const made = (id: string, seed: number, shots = 16) =>
      ({
        ...base,
        id,
        contextLengths: { text: [0], image: [0] },
        config: { ...presets.paper, seed, shots },
      }) as Run
    const all = [made('c', 3), made('a', 1), made('b', 2), made('other', 4, 8)]
    expect(siblingsOf(all[1]!, all).map(({ id }) => id)).toEqual(['b', 'c'])
  })
})
