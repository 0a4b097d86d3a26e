import { describe, expect, test } from 'vitest'
import { presets } from '#shared/presets'
import type { Run } from '#shared/schemas/run-record'
import { parseArguments } from '#main/cli/arguments'
import { commands } from '#main/cli/commands'
import { seedsOf, seedsText } from '#main/cli/seeds'

const run = commands.find(({ name }) => name === 'run')!
const seeds = (...words: string[]) => seedsOf(parseArguments(run, ['pets', ...words]))

describe('--seeds', () => {
  test('is a list of different whole numbers', () => {
    expect(seeds()).toBeNull()
    expect(seeds('--seeds', '1, 2,30')).toEqual([1, 2, 30])
    for (const wrong of ['', '1,', '1.5', '-1', 'one', '1,2,1', '1e3'])
      expect(() => seeds(`--seeds=${wrong}`)).toThrow('needs different whole numbers')
  })

  const ended = (seed: number, accuracy: number, changes: Partial<Run> = {}) =>
    ({
      id: `r${seed}`,
      config: { ...presets.quick, seed },
      status: 'finished',
      zeroShotAccuracy: 0.5,
      accuracy,
      macroF1: accuracy,
      ...changes,
    }) as Run

  test('ends with mean and deviation of what has finished', () => {
    const text = seedsText([ended(1, 0.9), ended(2, 0.92), ended(3, 0.94)], [1, 2, 3])
    expect(text).toContain('DPL: 92.0 ± 2.0 % over 3 seeds, 95 % interval 87.0 % to 97.0 %')
    expect(text).toContain('zero-shot: 50.0 ± 0.0 %')
    expect(text).not.toContain('not finished')
  })

  test('says which seeds are left after a run that was stopped', () => {
    const text = seedsText([ended(1, 0.9), ended(2, 0, { status: 'paused', accuracy: null })], [1, 2, 3])
    expect(text).toContain('DPL: 90.0 % over 1 seed')
    expect(text).toContain('not finished: seeds 2, 3')
  })
})
