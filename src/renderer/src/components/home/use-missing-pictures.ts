import { onScopeDispose, shallowReactive, watch } from 'vue'
import type { Dataset } from '#shared/schemas/dataset'
import { api } from '../../api/api.ts'
import { useTask } from '../../stores/tasks.ts'

/** What was found lately, by dataset: looking again at every visit would keep a slow drive busy. */
const found = shallowReactive(new Map<string, { at: number; count: number }>())
const FRESH_MS = 60_000

/** How many pictures of each dataset are not where they were; looked for one dataset after the other. */
export function useMissingPictures(datasets: () => readonly Dataset[]) {
  const task = useTask('dataset-check')
  let current: string | null = null

  function next(): void {
    if (task.running.value) return
    const stale = (id: string) => Date.now() - (found.get(id)?.at ?? 0) > FRESH_MS
    const dataset = datasets().find(({ id }) => stale(id))
    current = dataset?.id ?? null
    if (dataset !== undefined) void task.start(() => api.request('datasets/check', { id: dataset.id }))
  }
  watch([task.running, datasets], ([running]) => {
    if (running) return
    if (current !== null)
      found.set(current, { at: Date.now(), count: task.outcome.value?.missing.length ?? 0 })
    next()
  })
  next()
  onScopeDispose(() => void task.cancel())

  return (id: string): number => found.get(id)?.count ?? 0
}
