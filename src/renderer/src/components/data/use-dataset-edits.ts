import { useToast } from '@nuxt/ui/composables'
import { ref } from 'vue'
import { AppError } from '#shared/errors'
import type { Dataset } from '#shared/schemas/dataset'
import type { DatasetEdit } from '#shared/schemas/dataset-edit'
import { api } from '../../api/api.ts'
import { messages } from '../../messages/messages.ts'
import { useDatasets } from '../../stores/datasets.ts'

/** One word about the last edit at a time: its undo would otherwise take back another one. */
let lastToast: string | number | null = null

/** Edits of a dataset, each with a way back. */
export function useDatasetEdits(dataset: () => Dataset) {
  const datasets = useDatasets()
  const toast = useToast()
  const busy = ref(false)
  const words = messages.data

  async function change(request: () => Promise<Dataset>): Promise<boolean> {
    busy.value = true
    try {
      datasets.put(await request())
      return true
    } catch (thrown) {
      const { message, hint } = AppError.from(thrown)
      tell({ title: message, description: hint, color: 'error' })
      return false
    } finally {
      busy.value = false
    }
  }

  function tell(content: Parameters<typeof toast.add>[0]): void {
    if (lastToast !== null) toast.remove(lastToast)
    lastToast = toast.add(content).id
  }

  /** Makes an edit and says what was done, with an offer to undo it. False when it was refused. */
  async function edit(wanted: DatasetEdit, done: string): Promise<boolean> {
    const made = await change(() => api.request('datasets/edit', { id: dataset().id, edit: wanted }))
    if (made) offerUndo(done)
    return made
  }

  /** Says what was done, with a way back. */
  function offerUndo(done: string): void {
    tell({
      title: done,
      color: 'success',
      actions: [
        { label: messages.common.undo, color: 'neutral', variant: 'outline', onClick: () => void undo() },
      ],
    })
  }

  async function undo(): Promise<void> {
    const what = dataset().history.undo
    if (what === null) return
    if (await change(() => api.request('datasets/undo', { id: dataset().id })))
      tell({ title: words.undone(what), color: 'neutral' })
  }

  async function redo(): Promise<void> {
    const what = dataset().history.redo
    if (what === null) return
    if (await change(() => api.request('datasets/redo', { id: dataset().id })))
      tell({ title: words.redone(what), color: 'neutral' })
  }

  return { busy, edit, offerUndo, undo, redo }
}
