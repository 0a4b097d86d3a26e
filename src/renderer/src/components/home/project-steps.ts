import type { RouteLocationRaw } from 'vue-router'
import type { Dataset } from '#shared/schemas/dataset'
import type { Run } from '#shared/schemas/run-record'
import { percent } from '../../format.ts'
import { messages } from '../../messages/messages.ts'

export type StepId = 'data' | 'zero-shot' | 'train' | 'use'

/** One step of a project: how far it is, in words, and what can be done about it. */
export interface Step {
  id: StepId
  state: 'done' | 'next' | 'busy' | 'attention' | 'later'
  text: string
  action: StepAction | null
  /** run at work, whose progress belongs here */
  runId?: string
}

export interface StepAction {
  label: string
  /** null: compute zero-shot */
  to: RouteLocationRaw | null
}

const words = messages.home.steps

/** The trained run with the highest accuracy on the test pictures. */
export function bestRun(runs: readonly Run[]): Run | undefined {
  return runs.filter(({ accuracy }) => accuracy !== null).sort((a, b) => b.accuracy! - a.accuracy!)[0]
}

/** The last zero-shot result, with data as it is now before data as it was. */
export function zeroShotRun(dataset: Pick<Dataset, 'fingerprint'>, runs: readonly Run[]): Run | undefined {
  const known = newestFirst(runs).filter(({ zeroShotAccuracy }) => zeroShotAccuracy !== null)
  return known.find(({ datasetFingerprint }) => datasetFingerprint === dataset.fingerprint) ?? known[0]
}

/** When something last happened to a project: ISO 8601. */
export function lastActivity(dataset: Pick<Dataset, 'importedAt'>, runs: readonly Run[]): string {
  return runs.reduce(
    (latest, { createdAt, startedAt, finishedAt }) =>
      [latest, createdAt, startedAt ?? '', finishedAt ?? ''].reduce((a, b) => (a > b ? a : b)),
    dataset.importedAt,
  )
}

/** "92.1 % on 98 test pictures, zero-shot 85.8 %" */
export function bestSentence({ accuracy, zeroShotAccuracy, testImages }: Run, testPictures: number): string {
  const pictures = messages.home.project.testPictures(testImages ?? testPictures)
  return messages.home.project.sentence(percent(accuracy), pictures, percent(zeroShotAccuracy))
}

/** Where a run is looked at: live while it can still move, its results afterwards. */
export function runAddress({ id, status }: Pick<Run, 'id' | 'status'>): RouteLocationRaw {
  return { name: status === 'finished' ? 'results' : 'run', params: { id } }
}

export function newestFirst(runs: readonly Run[]): Run[] {
  return [...runs].sort((a, b) => b.createdAt.localeCompare(a.createdAt))
}

/** The four steps of a project, from what there is. `exported`: one of its runs was. */
export function projectSteps(dataset: Dataset, runs: readonly Run[], exported: boolean): Step[] {
  return [dataStep(dataset), zeroShotStep(dataset, runs), trainStep(dataset, runs), useStep(runs, exported)]
}

/** The one step to go on with; the last when everything has been done. */
export function nextStep(steps: readonly Step[]): Step | undefined {
  const open = steps.find(({ id, state, action }) => id !== 'data' && state !== 'done' && action !== null)
  return open ?? steps.find(({ id }) => id === 'use')
}

function dataStep({ id, counts, classes, report }: Dataset): Step {
  const images = counts.train + counts.validation + counts.test
  const problems = report.problems.filter(({ severity }) => severity !== 'note').length
  const found = words.pictures(messages.common.images(images), messages.common.classes(classes.length))
  return {
    id: 'data',
    state: problems === 0 ? 'done' : 'attention',
    text: problems === 0 ? found : `${found}, ${words.problems(problems)}`,
    action: {
      label: words.lookAtData,
      to: { name: 'data', params: { id }, ...(problems > 0 && { query: { tab: 'problems' } }) },
    },
  }
}

function zeroShotStep(dataset: Dataset, runs: readonly Run[]): Step {
  const step = { id: 'zero-shot' as const }
  if (dataset.counts.test === 0) return { ...step, state: 'attention', text: words.noTest, action: null }
  const known = zeroShotRun(dataset, runs)
  if (known !== undefined) {
    const pictures = messages.home.project.testPictures(known.testImages ?? dataset.counts.test)
    const text = words.zeroShot(percent(known.zeroShotAccuracy), pictures)
    return { ...step, state: 'done', text: `${text}, ${words.usesModel(known.modelName)}`, action: null }
  }
  const start: StepAction = { label: words.zeroShotStart, to: null }
  const [last] = newestFirst(runs.filter(({ kind }) => kind === 'zero-shot'))
  if (last?.status === 'running')
    return { ...step, state: 'busy', text: words.zeroShotGoing, action: null, runId: last.id }
  if (last?.status === 'queued') return { ...step, state: 'busy', text: words.zeroShotWaiting, action: null }
  if (last?.status === 'failed')
    return {
      ...step,
      state: 'attention',
      text: last.error?.message ?? words.zeroShotFailed,
      action: start,
    }
  return { ...step, state: 'next', text: words.zeroShotNext, action: start }
}

function trainStep(dataset: Dataset, all: readonly Run[]): Step {
  const runs = newestFirst(all.filter(({ kind }) => kind !== 'zero-shot'))
  const step = { id: 'train' as const }
  const newRun = (label: string): StepAction => ({
    label,
    to: { name: 'new-run', params: { id: dataset.id } },
  })
  const going = runs.find(({ status }) => status === 'running')
  if (going !== undefined)
    return {
      ...step,
      state: 'busy',
      text: going.name,
      action: { label: words.watch, to: runAddress(going) },
      runId: going.id,
    }
  const best = bestRun(runs)
  if (best !== undefined)
    return {
      ...step,
      state: 'done',
      text: bestSentence(best, dataset.counts.test),
      action: newRun(words.anotherRun),
    }
  const [last] = runs
  const open = last && { label: words.open, to: runAddress(last) }
  if (last?.status === 'queued') return { ...step, state: 'busy', text: words.waiting, action: open! }
  if (last?.status === 'paused') return { ...step, state: 'attention', text: words.pausedRun, action: open! }
  if (last?.status === 'failed') return { ...step, state: 'attention', text: words.failedRun, action: open! }
  return { ...step, state: 'next', text: words.noRun, action: newRun(words.newRun) }
}

function useStep(runs: readonly Run[], exported: boolean): Step {
  const best = bestRun(runs)
  const step = { id: 'use' as const }
  if (best === undefined) return { ...step, state: 'later', text: words.afterRun, action: null }
  if (exported)
    return {
      ...step,
      state: 'done',
      text: words.exported,
      action: { label: words.predict, to: { name: 'predict', query: { source: best.id } } },
    }
  return {
    ...step,
    state: 'next',
    text: words.ready,
    action: { label: words.export, to: { name: 'export', params: { id: best.id } } },
  }
}
