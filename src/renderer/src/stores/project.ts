import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { useRoute } from 'vue-router'
import { useDatasets } from './datasets.ts'
import { useRuns } from './runs.ts'

const LAST_KEY = 'dplstudio.project'

/**
 * The project that is open: a dataset with all that was made from it. The address tells which; views that belong to
 * no project keep the last one.
 */
export const useProject = defineStore('project', () => {
  const route = useRoute()
  const datasets = useDatasets()
  const runs = useRuns()
  const last = ref(localStorage.getItem(LAST_KEY))

  const addressed = computed(() => {
    const { id } = route.params
    if (typeof id !== 'string') return null
    if (route.path.startsWith('/projects/')) return id
    return route.path.startsWith('/runs/') ? (runs.get(id)?.datasetId ?? null) : null
  })
  watch(
    addressed,
    (id) => {
      if (id === null) return
      last.value = id
      localStorage.setItem(LAST_KEY, id)
    },
    { immediate: true },
  )
  const id = computed(() => addressed.value ?? last.value)
  const dataset = computed(() => (id.value === null ? undefined : datasets.get(id.value)))
  return { id: computed(() => dataset.value?.id ?? null), dataset }
})
