import { describe, expect, it } from 'vitest'
import { presets } from '#shared/presets'
import type { Run, RunProgress } from '#shared/schemas/run-record'
import type { RunResult, SearchEpoch, TrainEpoch } from '#shared/schemas/run'
import {
  currentStage,
  safePoint,
  secondsPerEpoch,
  smoothEnd,
  stageStates,
  totalSecondsLeft,
  type RunFacts,
} from '../../../../src/renderer/src/components/live-run/stage-list.ts'

const run = { id: 'r', kind: 'search-and-train', status: 'running', config: presets.paper } as unknown as Run
const searchEpoch = (epoch: number, seconds = 9) => ({ stage: 'search', epoch, seconds }) as SearchEpoch
const trainEpoch = (epoch: number, seconds = 3) => ({ stage: 'train', epoch, seconds }) as TrainEpoch
const zeroShot = { accuracy: 0.8, seconds: 12 } as RunResult['zeroShot']
const at = (stage: RunProgress['stage'], more: Partial<RunProgress> = {}): RunProgress => ({
  runId: 'r',
  stage,
  message: '',
  done: 0,
  total: 0,
  secondsLeft: null,
  ...more,
})
const facts = (part: Partial<RunFacts>): RunFacts => ({
  run,
  progress: undefined,
  search: [],
  train: [],
  result: {},
  estimate: null,
  ...part,
})

describe('stages of a run', () => {
  it('are done, at work and ahead', () => {
    const states = stageStates(
      facts({
        progress: at('search', { done: 30, total: 60, secondsLeft: 100 }),
        search: [searchEpoch(0, 0), searchEpoch(1)],
        result: { zeroShot },
      }),
    )
    expect(states.map(({ stage, state }) => `${stage} ${state}`)).toEqual([
      'prepare done',
      'zero-shot done',
      'search current',
      'train waiting',
      'evaluate waiting',
    ])
    expect(states[2]).toMatchObject({ share: 0.5, secondsLeft: 100, epochs: { done: 1, total: 60 } })
    expect(states[3]!.secondsLeft).toBeNull()
    expect(totalSecondsLeft(states)).toBeNull()
  })

  it('take what was measured, before that what was estimated', () => {
    const estimate = { searchSeconds: 600, trainSeconds: 400, scoringSeconds: 20 } as RunFacts['estimate']
    const search = [searchEpoch(0, 0), searchEpoch(1, 8), searchEpoch(2, 100), searchEpoch(3, 9)]
    const states = stageStates(facts({ progress: at('search'), search, estimate, result: { zeroShot } }))
    expect(states[2]!.secondsLeft).toBe(9 * 57)
    expect(states[3]!.secondsLeft).toBe(400)
    expect(totalSecondsLeft(states)).toBe(9 * 57 + 400 + 12)
  })

  it('count the scoring of the mixed prompts to the search', () => {
    const search = [searchEpoch(0), searchEpoch(60)]
    expect(currentStage(facts({ progress: at('evaluate'), search }))).toBe('search')
    expect(currentStage(facts({ progress: at('evaluate'), search, train: [trainEpoch(40)] }))).toBe(
      'evaluate',
    )
  })

  it('are where a run that stopped has come to', () => {
    const stopped = { ...run, status: 'paused' as const }
    expect(currentStage(facts({ run: stopped }))).toBe('prepare')
    expect(currentStage(facts({ run: stopped, search: [searchEpoch(3)] }))).toBe('search')
    expect(currentStage(facts({ run: stopped, search: [searchEpoch(60)], train: [trainEpoch(1)] }))).toBe(
      'train',
    )
    const finished = stageStates(facts({ run: { ...run, status: 'finished' } }))
    expect(finished.every(({ state, share }) => state === 'done' && share === 1)).toBe(true)
  })
})

describe('the safe point', () => {
  it('is the last finished epoch; epoch 0 is before the first', () => {
    expect(safePoint({ search: [searchEpoch(0)], train: [] })).toBeNull()
    expect(safePoint({ search: [searchEpoch(0), searchEpoch(7)], train: [] })).toEqual({
      stage: 'search',
      epoch: 7,
    })
    expect(safePoint({ search: [searchEpoch(60)], train: [trainEpoch(2)] })).toEqual({
      stage: 'train',
      epoch: 2,
    })
  })
})

describe('time left', () => {
  it('is not thrown off by one slow epoch', () => {
    expect(secondsPerEpoch([searchEpoch(0, 0)])).toBeNull()
    expect(secondsPerEpoch([1, 2, 3, 4, 5].map((epoch) => searchEpoch(epoch, epoch === 3 ? 90 : 10)))).toBe(
      10,
    )
  })

  it('moves a little with small errors and at once with large ones', () => {
    expect(smoothEnd(null, 1100, 1000)).toBe(1100)
    expect(smoothEnd(1100, 1120, 1000)).toBe(1105)
    expect(smoothEnd(1100, 1900, 1000)).toBe(1900)
  })
})
