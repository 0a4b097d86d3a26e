import { describe, expect, it } from 'vitest'
import {
  bestRun,
  bestSentence,
  lastActivity,
  nextStep,
  projectSteps,
  runAddress,
  zeroShotRun,
} from '../../../../src/renderer/src/components/home/project-steps.ts'
import { datasetOf, runOf } from '../support/project.ts'

const dataset = datasetOf()
const zeroShot = runOf({ id: 'zero', kind: 'zero-shot', zeroShotAccuracy: 0.858, testImages: 6 })
const trained = runOf({ id: 'trained', accuracy: 0.921, zeroShotAccuracy: 0.858, testImages: 98 })
const statesOf = (...given: Parameters<typeof projectSteps>) =>
  projectSteps(...given).map(({ state }) => state)

describe('the steps of a project', () => {
  it('begin with zero-shot', () => {
    expect(statesOf(dataset, [], false)).toEqual(['done', 'next', 'next', 'later'])
    expect(nextStep(projectSteps(dataset, [], false))?.id).toBe('zero-shot')
  })

  it('go on to a run while zero-shot is being computed, and show how far it is', () => {
    const steps = projectSteps(dataset, [{ ...zeroShot, status: 'running', zeroShotAccuracy: null }], false)
    expect(steps[1]).toMatchObject({ state: 'busy', runId: 'zero', action: null })
    expect(nextStep(steps)?.id).toBe('train')
  })

  it('offer zero-shot again where it failed, and say so where it cannot be', () => {
    const failed = runOf({
      kind: 'zero-shot',
      status: 'failed',
      error: { code: 'internal', message: 'It broke.' },
    })
    expect(projectSteps(dataset, [failed], false)[1]).toMatchObject({
      text: 'It broke.',
      action: { to: null },
    })
    const untested = datasetOf({ counts: { train: 8, validation: 4, test: 0 } })
    expect(projectSteps(untested, [], false)[1]).toMatchObject({ state: 'attention', action: null })
  })

  it('end with exporting, and with using what was exported', () => {
    const steps = projectSteps(dataset, [zeroShot, trained], false)
    expect(nextStep(steps)).toMatchObject({
      id: 'use',
      action: { to: { name: 'export', params: { id: 'trained' } } },
    })
    expect(nextStep(projectSteps(dataset, [zeroShot, trained], true))).toMatchObject({
      id: 'use',
      state: 'done',
      action: { to: { name: 'predict' } },
    })
  })

  it('lead to the run at work before a better one that is over', () => {
    const running = runOf({ id: 'now', status: 'running' })
    expect(projectSteps(dataset, [trained, running], false)[2]).toMatchObject({ state: 'busy', runId: 'now' })
  })

  it('name problems of the data, without stopping there', () => {
    const problem = {
      kind: 'split-leak' as const,
      severity: 'warning' as const,
      message: '',
      paths: [],
      count: 2,
      consequence: '',
      remedy: '',
    }
    const leaky = datasetOf({ report: { problems: [problem], totals: {}, excluded: 0 } })
    const steps = projectSteps(leaky, [zeroShot], false)
    expect(steps[0]).toMatchObject({ state: 'attention', action: { to: { query: { tab: 'problems' } } } })
    expect(nextStep(steps)?.id).toBe('train')
  })
})

describe('the result of a project', () => {
  it('is that of the most accurate trained run, with what it was measured on', () => {
    const worse = runOf({ id: 'worse', accuracy: 0.5 })
    expect(bestRun([worse, zeroShot, trained])?.id).toBe('trained')
    expect(bestSentence(trained, 6)).toMatch(/^92\.1\s?% on 98 test pictures, zero-shot 85\.8\s?%$/)
    expect(bestRun([zeroShot])).toBeUndefined()
  })

  it('takes zero-shot of the data as it is before that of earlier data', () => {
    const now = runOf({ id: 'now', zeroShotAccuracy: 0.6, datasetFingerprint: dataset.fingerprint })
    const later = runOf({
      id: 'later',
      zeroShotAccuracy: 0.7,
      datasetFingerprint: 'b'.repeat(64),
      createdAt: '2026-02-01T00:00:00.000Z',
    })
    expect(zeroShotRun(dataset, [later, now])?.id).toBe('now')
    expect(zeroShotRun(dataset, [later])?.id).toBe('later')
  })

  it('is looked at live until the run is over', () => {
    expect(runAddress({ id: 'a', status: 'paused' })).toMatchObject({ name: 'run' })
    expect(runAddress({ id: 'a', status: 'finished' })).toMatchObject({ name: 'results' })
  })

  it('knows when something last happened', () => {
    const finishedAt = '2026-03-01T00:00:00.000Z'
    expect(lastActivity(dataset, [runOf({ finishedAt }), zeroShot])).toBe(finishedAt)
    expect(lastActivity(dataset, [])).toBe(dataset.importedAt)
  })
})
