import { useIntervalFn, useNow } from '@vueuse/core'
import { computed, shallowRef, watch } from 'vue'
import { api, take } from '../../api/api.ts'
import { useRunHistory } from '../../stores/run-history.ts'
import { useRuns } from '../../stores/runs.ts'
import type { RunEstimate } from '#shared/schemas/queue'
import { smoothEnd, stageStates, totalSecondsLeft, type RunFacts, type RunHistory } from './stage-list.ts'

/** A run that is at work and silent for longer has perhaps been lost. */
const SILENCE_SECONDS = 20

/** A run with everything it has told, its stages, and how long it will still take. */
export function useLiveRun(id: () => string) {
  const runs = useRuns()
  const history = useRunHistory(id)
  const now = useNow({ scheduler: (tick) => useIntervalFn(tick, 1000) })
  const estimate = shallowRef<RunEstimate | null>(null)
  const run = computed(() => runs.get(id()))
  const progress = computed(() => runs.progressOf(id()))

  take(runs.loadProgress(id()), () => undefined)
  watch(
    () => run.value?.status === 'queued' || run.value?.status === 'running',
    (isAhead) => {
      if (!isAhead || run.value === undefined || estimate.value !== null) return
      const { kind, datasetId, modelId, config } = run.value
      // Where there is no estimate the bar says so until it has measured.
      api.request('runs/estimate', { kind, datasetId, modelId, config }).then(
        (told) => (estimate.value = told),
        () => undefined,
      )
    },
    { immediate: true },
  )

  const told = computed((): RunHistory | null =>
    run.value === undefined
      ? null
      : {
          run: run.value,
          search: history.search.value,
          train: history.train.value,
          result: history.result.value,
        },
  )
  const facts = computed((): RunFacts | null =>
    told.value === null ? null : { ...told.value, progress: progress.value, estimate: estimate.value },
  )
  const stages = computed(() => (facts.value === null ? [] : stageStates(facts.value)))

  const end = shallowRef<number | null>(null)
  watch(stages, (states) => {
    const left = run.value?.status === 'running' ? totalSecondsLeft(states) : null
    const clock = Date.now() / 1000
    end.value = left === null ? null : smoothEnd(end.value, clock + left, clock)
  })
  const secondsLeft = computed(() =>
    end.value === null ? null : Math.max(0, end.value - now.value.getTime() / 1000),
  )

  const lastSign = shallowRef(Date.now())
  watch([progress, run, history.search, history.train], () => (lastSign.value = Date.now()))
  const silentSeconds = computed(() => {
    if (run.value?.status !== 'running') return 0
    const silent = Math.floor((now.value.getTime() - lastSign.value) / 1000)
    return silent < SILENCE_SECONDS ? 0 : silent
  })

  return {
    run,
    progress,
    /** without progress, which comes more often than anything drawn from it should change */
    history: told,
    facts,
    stages,
    secondsLeft,
    silentSeconds,
    /** begins the silence anew */
    keepWaiting: () => (lastSign.value = Date.now()),
    state: computed(() => runs.state),
    search: history.search,
    train: history.train,
    result: history.result,
    loaded: history.loaded,
    error: history.error,
  }
}
