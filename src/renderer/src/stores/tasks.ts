import { defineStore } from 'pinia'
import { computed, shallowReactive, shallowRef, type ComputedRef } from 'vue'
import { AppError } from '#shared/errors'
import type { Task, TaskKind, TaskOutcome, TaskProgress } from '#shared/schemas/task'
import { api } from '../api/api.ts'

/** Tasks that this page has started or heard of, with how far they are. */
export const useTasks = defineStore('tasks', () => {
  const tasks = shallowReactive(new Map<string, Task>())
  const progress = shallowReactive(new Map<string, TaskProgress>())
  api.on('task/changed', (task) => tasks.set(task.id, task))
  api.on('task/progress', (told) => progress.set(told.id, told))
  api.onOpen(() => {
    for (const { id, status } of tasks.values())
      if (status === 'running')
        void api.request('tasks/get', { id }).then((task) => tasks.set(id, task), lose(id))
  })
  /** A program that was started again does not know the tasks of the one before. */
  const lose = (id: string) => (thrown: unknown) => {
    const known = tasks.get(id)
    if (known !== undefined)
      tasks.set(id, { ...known, status: 'failed', error: AppError.from(thrown).toJSON() })
  }
  return {
    put: (task: Task) => {
      // The end may have been told before the answer to the start was read.
      if (tasks.get(task.id)?.status === undefined) tasks.set(task.id, task)
    },
    get: (id: string): Task | undefined => tasks.get(id),
    progressOf: (id: string): TaskProgress | undefined => progress.get(id),
  }
})

/** One task of a screen. */
export interface TaskHandle<Kind extends TaskKind> {
  readonly running: ComputedRef<boolean>
  readonly progress: ComputedRef<TaskProgress | undefined>
  readonly outcome: ComputedRef<Extract<TaskOutcome, { kind: Kind }> | null>
  readonly error: ComputedRef<AppError | null>
  readonly id: ComputedRef<string | null>
  /** Starts it anew; a refusal at the start is an `error` like any other. */
  start(request: () => Promise<Task>): Promise<void>
  cancel(): Promise<void>
  /** Forgets outcome and error. */
  reset(): void
}

/** A task that a screen starts, watches and cancels. `kind` is checked at the outcome. */
export function useTask<Kind extends TaskKind>(kind: Kind): TaskHandle<Kind> {
  const store = useTasks()
  const id = shallowRef<string | null>(null)
  const refusal = shallowRef<AppError | null>(null)
  const asking = shallowRef(false)
  const task = computed(() => (id.value === null ? undefined : store.get(id.value)))
  return {
    id: computed(() => id.value),
    running: computed(() => asking.value || task.value?.status === 'running'),
    progress: computed(() => (id.value === null ? undefined : store.progressOf(id.value))),
    outcome: computed(() => {
      const outcome = task.value?.outcome
      return outcome?.kind === kind ? (outcome as Extract<TaskOutcome, { kind: Kind }>) : null
    }),
    error: computed(() => {
      if (refusal.value !== null) return refusal.value
      const error = task.value?.status === 'failed' ? task.value.error : null
      return error ? AppError.fromJSON(error) : null
    }),
    async start(request) {
      refusal.value = null
      id.value = null
      asking.value = true
      try {
        const started = await request()
        store.put(started)
        id.value = started.id
      } catch (thrown) {
        refusal.value = AppError.from(thrown)
      } finally {
        asking.value = false
      }
    },
    async cancel() {
      if (id.value !== null) await api.request('tasks/cancel', { id: id.value })
    },
    reset() {
      id.value = null
      refusal.value = null
    },
  }
}
