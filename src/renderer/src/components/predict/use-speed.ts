import { shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import type { TaskProgress } from '#shared/schemas/task'

/** Pictures per second since the first one of a task; null until there is something to divide. */
export function useSpeed(
  progress: ComputedRef<TaskProgress | undefined>,
): Readonly<ShallowRef<number | null>> {
  const speed = shallowRef<number | null>(null)
  let begun: { id: string; done: number; at: number } | null = null
  watch(progress, (told) => {
    if (told?.total == null) return
    const now = performance.now()
    if (begun?.id !== told.id) {
      begun = { id: told.id, done: told.done, at: now }
      speed.value = null
      return
    }
    const seconds = (now - begun.at) / 1000
    if (told.done > begun.done && seconds > 0) speed.value = (told.done - begun.done) / seconds
  })
  return speed
}
