import { useIntervalFn, useNow } from '@vueuse/core'
import { computed, shallowReactive, watch } from 'vue'
import type { RunEstimate } from '#shared/schemas/queue'
import type { Run } from '#shared/schemas/run-record'
import { api } from '../../api/api.ts'
import { expectedSeconds, secondsUntilStart } from './start-times.ts'

/** What waiting runs will take, and when they will start. Estimates are asked for once per run. */
export function useStartTimes(running: () => Run | undefined, waiting: () => readonly Run[]) {
  const estimates = shallowReactive(new Map<string, RunEstimate | null>())
  const now = useNow({ scheduler: (tick) => useIntervalFn(tick, 15_000) })

  async function ask(run: Run): Promise<void> {
    estimates.set(run.id, null)
    const { id, kind, datasetId, modelId, config } = run
    // Where there is no estimate the view says that the start is not known.
    const told = await api.request('runs/estimate', { kind, datasetId, modelId, config }).catch(() => null)
    estimates.set(id, told)
  }
  watch(
    () => [running(), ...waiting()],
    (runs) => {
      for (const run of runs) if (run !== undefined && !estimates.has(run.id)) void ask(run)
    },
    { immediate: true },
  )

  const estimateOf = (run: Run) => estimates.get(run.id) ?? null
  const takes = (run: Run) => expectedSeconds(estimateOf(run))
  const left = computed(() => {
    const run = running()
    if (run === undefined) return 0
    const whole = takes(run)
    if (whole === null || run.startedAt === null) return null
    return Math.max(0, whole - (now.value.getTime() - Date.parse(run.startedAt)) / 1000)
  })
  const starts = computed(() => {
    const untils = secondsUntilStart(left.value, waiting().map(takes))
    return untils.map((until) => (until === null ? null : new Date(now.value.getTime() + until * 1000)))
  })
  return { estimateOf, takes, starts }
}
