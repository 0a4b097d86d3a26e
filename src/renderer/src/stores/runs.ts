import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import type { RunProgress } from '#shared/schemas/run-record'
import { api } from '../api/api.ts'
import { createCollection } from './collection.ts'

/** Runs with their state, and where those that are going are. */
export const useRuns = defineStore('runs', () => {
  const runs = createCollection(() => api.request('runs/list', {}))
  const progress = shallowReactive(new Map<string, RunProgress>())
  api.on('run/changed', (run) => {
    runs.put(run)
    if (run.status !== 'running') progress.delete(run.id)
  })
  api.on('run/deleted', ({ id }) => runs.drop(id))
  api.on('run/progress', (told) => progress.set(told.runId, told))

  /** For a page that comes late: the last word of a running run. */
  async function loadProgress(id: string): Promise<void> {
    const told = await api.request('runs/progress', { id })
    if (told !== null && !progress.has(id)) progress.set(id, told)
  }

  return {
    ...runs,
    loadProgress,
    progressOf: (id: string): RunProgress | undefined => progress.get(id),
  }
})
