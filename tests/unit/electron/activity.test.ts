import { expect, test } from 'vitest'
import type { Api } from '#shared/contract'
import { AppError } from '#shared/errors'
import { RunConfig } from '#shared/schemas/run'
import { Run } from '#shared/schemas/run-record'
import type { RunQueue } from '#shared/schemas/queue'
import { followActivity } from '#main/electron/activity'

function runOf(id: string, status: Run['status']): Run {
  return Run.parse({
    id,
    name: id,
    kind: 'search',
    status,
    config: RunConfig.parse({}),
    datasetId: 'd',
    datasetName: 'd',
    modelId: 'm',
    modelName: 'm',
    folder: '/f',
    createdAt: '',
    startedAt: null,
    finishedAt: null,
    error: null,
    zeroShotAccuracy: null,
    accuracy: null,
    contextLengths: null,
    searchSeconds: null,
    trainSeconds: null,
  })
}

/** The contract as far as it is followed: a list of runs, a queue, and events that the test sends. */
async function follow(runs: Run[] = [], queue: Partial<RunQueue> = {}) {
  const listeners = new Map<string, (payload: unknown) => void>()
  const answers: Record<string, unknown> = {
    'runs/list': runs,
    'runs/queue': { running: null, waiting: [], held: false, reason: null, ...queue },
  }
  const api = {
    request: (name: string) =>
      name in answers ? Promise.resolve(answers[name]) : Promise.reject(new AppError('internal', name)),
    on: (name: string, listener: (payload: unknown) => void) => {
      listeners.set(name, listener)
      return () => undefined
    },
  } as unknown as Api
  const activity = followActivity(api)
  const ended: Run[] = []
  activity.onEnd((run) => ended.push(run))
  await new Promise((resolve) => activity.onChange(() => resolve(null)))
  return { activity, ended, tell: (name: string, payload: unknown) => listeners.get(name)!(payload) }
}

const ids = (runs: Run[]) => runs.map(({ id }) => id)

test('runs are known from the list and from their events, until they end', async () => {
  const { activity, ended, tell } = await follow([runOf('old', 'finished'), runOf('going', 'running')])
  tell('run/changed', runOf('next', 'queued'))
  expect(ids(activity.runs())).toEqual(['going', 'next'])
  tell('run/changed', runOf('going', 'finished'))
  tell('run/changed', runOf('going', 'finished'))
  expect(ids(activity.runs())).toEqual(['next'])
  expect(ids(ended)).toEqual(['going'])
  tell('run/deleted', { id: 'next' })
  expect(activity.runs()).toEqual([])
  expect(ended).toHaveLength(1)
})

test('what waits in a held queue does not count as going on', async () => {
  const { activity, tell } = await follow([runOf('waiting', 'queued')], { held: true })
  expect(activity.runs()).toEqual([])
  tell('queue/changed', { running: null, waiting: ['waiting'], held: false, reason: null })
  expect(ids(activity.runs())).toEqual(['waiting'])
})

test('progress is that of the stage, and gone with its run', async () => {
  const { activity, tell } = await follow([runOf('a', 'running')])
  expect(activity.progress()).toBeNull()
  tell('run/progress', { runId: 'a', stage: 'search', message: '', done: 3, total: 4, secondsLeft: null })
  expect(activity.progress()).toBe(0.75)
  tell('run/changed', runOf('a', 'failed'))
  expect(activity.progress()).toBeNull()
})
