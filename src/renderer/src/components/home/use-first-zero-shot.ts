import { computed, shallowRef, watchEffect } from 'vue'
import { AppError } from '#shared/errors'
import type { Dataset } from '#shared/schemas/dataset'
import { STARTER_MODEL, type RegisteredModel } from '#shared/schemas/registered-model'
import { api } from '../../api/api.ts'
import { useModels } from '../../stores/models.ts'
import { useRuns } from '../../stores/runs.ts'
import { useTask } from '../../stores/tasks.ts'

/** Started by this page already, whether or not the run is in the list yet. */
const begun = new Set<string>()

/**
 * Computes zero-shot for a project without being asked, once: when it has never had a run. Where there is no CLIP
 * yet, the one that comes with the program is registered first.
 */
export function useFirstZeroShot(dataset: () => Dataset | undefined) {
  const models = useModels()
  const runs = useRuns()
  const starter = useTask('model-import')
  const refusal = shallowRef<AppError | null>(null)
  const wanted = shallowRef<string | null>(null)

  async function start({ id, template }: Dataset): Promise<void> {
    begun.add(id)
    refusal.value = null
    const model = preferred(models.all)
    if (model === undefined) {
      wanted.value = id
      await starter.start(() => api.request('models/import-starter', {}))
      return
    }
    wanted.value = null
    try {
      runs.put(
        await api.request('runs/start', {
          kind: 'zero-shot',
          datasetId: id,
          modelId: model.id,
          config: { template },
        }),
      )
    } catch (thrown) {
      refusal.value = AppError.from(thrown)
    }
  }

  watchEffect(() => {
    const current = dataset()
    if (current === undefined || models.state !== 'ready' || runs.state !== 'ready') return
    const isFirst = !begun.has(current.id) && runs.all.every(({ datasetId }) => datasetId !== current.id)
    const hasModelNow = wanted.value === current.id && models.all.length > 0
    if ((isFirst && current.counts.test > 0) || hasModelNow) void start(current)
  })

  return {
    start,
    /** the CLIP that comes with the program is being registered */
    preparing: starter.running,
    error: computed(() => refusal.value ?? starter.error.value),
  }
}

/** The user's own CLIP before the small one that comes with the program, the latest first. */
export function preferred(models: readonly RegisteredModel[]): RegisteredModel | undefined {
  const own = models.filter(({ id }) => id !== STARTER_MODEL)
  return own.sort((a, b) => b.importedAt.localeCompare(a.importedAt))[0] ?? models[0]
}
