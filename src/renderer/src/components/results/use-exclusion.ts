import { useToast } from '@nuxt/ui/composables'
import { shallowRef } from 'vue'
import { AppError } from '#shared/errors'
import { api } from '../../api/api.ts'
import { messages } from '../../messages/messages.ts'

/** Leaves pictures out of a dataset, for runs to come, with a way back. */
export function useExclusion(datasetId: () => string) {
  const toast = useToast()
  const excluded = shallowRef<ReadonlySet<string>>(new Set())
  const error = shallowRef<AppError | null>(null)

  function mark(path: string, isOut: boolean): void {
    const next = new Set(excluded.value)
    if (isOut) next.add(path)
    else next.delete(path)
    excluded.value = next
  }
  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      error.value = null
      return true
    } catch (thrown) {
      error.value = AppError.from(thrown)
      return false
    }
  }
  async function undo(path: string): Promise<void> {
    if (await attempt(() => api.request('datasets/undo', { id: datasetId() }))) mark(path, false)
  }
  async function exclude(path: string): Promise<void> {
    if (excluded.value.has(path)) return
    const edit = { kind: 'exclude-images' as const, paths: [path] }
    if (!(await attempt(() => api.request('datasets/edit', { id: datasetId(), edit })))) return
    mark(path, true)
    toast.add({
      title: messages.results.mistakes.excluded(path),
      actions: [
        { label: messages.common.undo, color: 'neutral', variant: 'outline', onClick: () => void undo(path) },
      ],
    })
  }
  return { excluded, exclude, error }
}
