import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClipArchitecture } from '#shared/schemas/model'
import { RunConfig } from '#shared/schemas/run'
import {
  modelMemory,
  modelSeconds,
  searchStepSeconds,
  trainStepSeconds,
  type RunSize,
} from '#main/services/run-cost'
import { estimateRun, offersFor } from '#main/services/run-estimate'

const starter: ClipArchitecture = {
  image: { width: 192, depth: 6, heads: 3, patchSize: 8, imageSize: 64 },
  text: { width: 192, depth: 4, heads: 3, textPositions: 32, vocabularySize: 4096 },
  embeddingSize: 256,
  activation: 'quick_gelu',
  layerNormEpsilon: 1e-5,
}
const vit: ClipArchitecture = {
  image: { width: 768, depth: 12, heads: 12, patchSize: 16, imageSize: 224 },
  text: { width: 512, depth: 12, heads: 8, textPositions: 77, vocabularySize: 49408 },
  embeddingSize: 512,
  activation: 'quick_gelu',
  layerNormEpsilon: 1e-5,
}

/** The two cores that `npm run bench` ran on. */
const benched = { flops: 205e9, secondsPerOperation: 30e-6 }

const sizeOf = (
  architecture: ClipArchitecture,
  config: object = {},
  changes: Partial<RunSize> = {},
): RunSize => ({
  kind: 'search-and-train',
  config: RunConfig.parse(config),
  architecture,
  classes: 10,
  testImages: 100,
  ...changes,
})

describe('the cost of a step', () => {
  const attention = { search: { mixing: 'attention', options: [0, 1, 2, 3, 4, 5, 6] } }

  // Seconds a step and peak memory in GB of the benchmark that the README reports.
  test.each([
    ['starter, block mixing', starter, {}, 0.37, 0.95],
    ['starter, attention mixing', starter, attention, 0.348, 0.88],
    ['ViT-B/16, block mixing', vit, {}, 6.26, 6.88],
    ['ViT-B/16, attention mixing', vit, attention, 3.62, 5.05],
  ])(
    'of the search is within a factor of two of what was measured: %s',
    (_, architecture, config, time, memory) => {
      const size = sizeOf(architecture, config, { kind: 'search' })
      expect(Math.abs(Math.log2(searchStepSeconds(size, benched) / time))).toBeLessThan(1)
      expect(Math.abs(Math.log2(modelMemory(size) / (memory * 1e9)))).toBeLessThan(1)
    },
  )

  test.each([
    ['starter', starter, 0.097, 0.65],
    ['ViT-B/16', vit, 1.33, 3.43],
  ])(
    'of the training is within a factor of two of what was measured: %s',
    (_, architecture, time, memory) => {
      const size = sizeOf(architecture, {}, { kind: 'train' })
      expect(Math.abs(Math.log2(trainStepSeconds(size, benched) / time))).toBeLessThan(1)
      expect(Math.abs(Math.log2(modelMemory(size) / (memory * 1e9)))).toBeLessThan(1)
    },
  )

  test('grows with the batch, the classes and the options', () => {
    const bigger = (a: RunSize, b: RunSize) => {
      expect(searchStepSeconds(b, benched)).toBeGreaterThan(searchStepSeconds(a, benched))
      // The smallest runs take most while they score.
      expect(modelMemory(b)).toBeGreaterThanOrEqual(modelMemory(a))
    }
    const options = [0, 2, 4, 6, 8, 10]
    fc.assert(
      fc.property(
        fc.constantFrom(starter, vit),
        fc.constantFrom('block', 'attention'),
        fc.integer({ min: 1, max: 32 }),
        fc.integer({ min: 2, max: 500 }),
        fc.integer({ min: 2, max: 5 }),
        (architecture, mixing, batchSize, classes, count) => {
          const search = { mixing, batchSize, validationBatchSize: 1, options: options.slice(0, count) }
          const size = sizeOf(architecture, { search }, { classes })
          bigger(size, { ...size, classes: classes + 1 })
          bigger(size, sizeOf(architecture, { search: { ...search, batchSize: batchSize + 1 } }, { classes }))
          const longer = options.slice(0, count + 1)
          bigger(size, sizeOf(architecture, { search: { ...search, options: longer } }, { classes }))
        },
      ),
    )
  })
})

describe('an estimate', () => {
  const room = { availableMemoryBytes: 64e9, freeDiskBytes: 1e12, diskBytes: 1 }
  const unknown = { search: null, train: null, scoring: null }

  test('says what it rests on, and gives no time to what is not done', () => {
    const estimate = estimateRun(sizeOf(starter, {}, { kind: 'search' }), benched, unknown, room)
    expect(estimate).toMatchObject({ basis: 'modelled', trainSeconds: null, offers: [] })
    expect(estimate.searchSeconds).toBeGreaterThan(0)
  })

  test('is scaled by what was measured, stage by stage', () => {
    const size = sizeOf(starter)
    const modelled = modelSeconds(size, benched)
    const measured = estimateRun(size, benched, { search: 2, train: 3, scoring: 0.5 }, room)
    expect(measured.basis).toBe('measured')
    expect(measured.searchSeconds).toBeCloseTo(2 * modelled.search)
    expect(measured.trainSeconds).toBeCloseTo(3 * modelled.train)
    expect(measured.scoringSeconds).toBeCloseTo(0.5 * modelled.scoring)
    const half = estimateRun(size, benched, { ...unknown, train: 3 }, room)
    expect(half.searchSeconds).toBeCloseTo(3 * modelled.search)
  })

  test('has offers when the memory does not do, the most helpful first, each of them valid', () => {
    const size = sizeOf(vit)
    const { offers } = estimateRun(size, benched, unknown, { ...room, availableMemoryBytes: 4e9 })
    expect(offers.map(({ field }) => field)).toEqual(
      expect.arrayContaining(['search', 'search.options', 'branches']),
    )
    const memoryWith = ({ field, value }: (typeof offers)[number]) => {
      const config: Record<string, unknown> = structuredClone(size.config)
      const [first = '', second] = field.split('.')
      if (second === undefined) config[first] = value
      else (config[first] as Record<string, unknown>)[second] = value
      return modelMemory({ ...size, config: RunConfig.parse(config) })
    }
    const memories = offersFor(size).map(memoryWith)
    expect(memories).toEqual([...memories].sort((a, b) => a - b))
    expect(Math.max(...memories)).toBeLessThan(modelMemory(size))
  })
})
