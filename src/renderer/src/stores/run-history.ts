import { computed, onScopeDispose, shallowRef, watch, type MaybeRefOrGetter, toValue } from 'vue'
import { AppError } from '#shared/errors'
import type { EpochReport, RunResult, SearchEpoch, TrainEpoch } from '#shared/schemas/run'
import { api } from '../api/api.ts'

const keyOf = ({ stage, epoch }: EpochReport) => `${stage}/${epoch}`

/**
 * All epochs and results of one run, live: complete after a reload or a lost connection, each epoch once. Listens
 * first and asks second; what comes twice replaces itself. Belongs to the component that calls it.
 */
export function useRunHistory(runId: MaybeRefOrGetter<string>) {
  const epochs = shallowRef<ReadonlyMap<string, EpochReport>>(new Map())
  const result = shallowRef<RunResult>({})
  const loaded = shallowRef(false)
  const error = shallowRef<AppError | null>(null)

  const put = (reports: readonly EpochReport[]) => {
    const next = new Map(epochs.value)
    for (const report of reports) next.set(keyOf(report), report)
    epochs.value = next
  }

  async function load(): Promise<void> {
    const id = toValue(runId)
    try {
      const [reports, known] = await Promise.all([
        api.request('runs/epochs', { id }),
        api.request('runs/result', { id }),
      ])
      if (id !== toValue(runId)) return
      put(reports)
      result.value = { ...result.value, ...known }
      error.value = null
    } catch (thrown) {
      if (id === toValue(runId)) error.value = AppError.from(thrown)
    } finally {
      if (id === toValue(runId)) loaded.value = true
    }
  }

  const stops = [
    api.on('run/epoch', ({ runId: id, report }) => id === toValue(runId) && put([report])),
    api.on('run/evaluated', ({ runId: id }) => id === toValue(runId) && void load()),
    api.on('run/changed', ({ id, status }) => id === toValue(runId) && status === 'finished' && void load()),
    api.onOpen(() => void load()),
  ]
  onScopeDispose(() => stops.forEach((stop) => stop()))
  watch(
    () => toValue(runId),
    () => {
      epochs.value = new Map()
      result.value = {}
      loaded.value = false
      void load()
    },
  )

  const ofStage = (stage: EpochReport['stage']) =>
    [...epochs.value.values()].filter((report) => report.stage === stage).sort((a, b) => a.epoch - b.epoch)
  return {
    search: computed(() => ofStage('search') as SearchEpoch[]),
    train: computed(() => ofStage('train') as TrainEpoch[]),
    result,
    loaded,
    error,
  }
}
