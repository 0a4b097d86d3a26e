import { describe, expect, test } from 'vitest'
import { presets } from '#shared/presets'
import { groupKey, groupRuns } from '#shared/run-groups'
import { RunConfig, type RunKind } from '#shared/schemas/run'

const base = {
  kind: 'search-and-train' as RunKind,
  config: presets.quick,
  datasetId: 'pets',
  datasetFingerprint: 'f1',
  modelId: 'starter',
}
const withSeed = (seed: number) => ({ ...base, config: { ...presets.quick, seed } })

describe('groups of runs', () => {
  test('hold the runs that differ in nothing but the seed, in their order', () => {
    const runs = [withSeed(3), { ...base, modelId: 'other' }, withSeed(1), withSeed(2)]
    expect(groupRuns(runs).map(({ runs }) => runs.map(({ config }) => config.seed))).toEqual([[3, 1, 2], [1]])
  })

  test.each([
    ['data', { datasetFingerprint: 'f2' }],
    ['kind', { kind: 'search' as RunKind }],
    ['configuration', { config: RunConfig.parse({ ...presets.quick, train: { epochs: 99 } }) }],
  ])('are apart in other %s', (_, change) => {
    expect(groupKey({ ...base, ...change })).not.toBe(groupKey(base))
  })

  test('go by the contents of the data, and by its name where nothing else is known', () => {
    expect(groupKey({ ...base, datasetId: 'renamed' })).toBe(groupKey(base))
    const unknown = { ...base, datasetFingerprint: '' }
    expect(groupKey({ ...unknown, datasetId: 'other' })).not.toBe(groupKey(unknown))
  })

  test('do not care in which order a configuration was written', () => {
    const reversed = Object.fromEntries(Object.entries(presets.quick).reverse()) as typeof base.config
    expect(groupKey({ ...base, config: reversed })).toBe(groupKey(base))
  })
})
