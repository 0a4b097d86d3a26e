import { computed, shallowRef, watch } from 'vue'
import type { Dataset } from '#shared/schemas/dataset'
import type { Run } from '#shared/schemas/run-record'
import { Draft, draftFrom, newDraft, withGoal, type Goal, type Overrides } from './draft.ts'
import { withValue } from './fields.ts'

const keyOf = (datasetId: string) => `dplstudio.new-run.${datasetId}`

/** A draft that outlives the page until its run has started. */
export function useDraft(dataset: Dataset, modelId: string, from: { run: Run; overrides: Overrides } | null) {
  const fresh = from === null ? newDraft(dataset, modelId) : draftFrom(from.run, from.overrides)
  const stored = from === null ? load(dataset.id) : null
  const draft = shallowRef<Draft>(stored ?? fresh)
  watch(draft, (value) => sessionStorage.setItem(keyOf(dataset.id), JSON.stringify(value)))

  const change = (part: Partial<Draft>): void => {
    draft.value = { ...draft.value, ...part }
  }
  return {
    draft,
    isChanged: computed(() => JSON.stringify(draft.value) !== JSON.stringify(fresh)),
    change,
    set: (path: string, value: unknown): void =>
      change({ config: withValue(draft.value.config, path, value) }),
    choose: (goal: Goal): void => {
      draft.value = withGoal(draft.value, goal)
    },
    startAgain: (): void => {
      draft.value = fresh
    },
    /** once it has become a run */
    forget: (): void => sessionStorage.removeItem(keyOf(dataset.id)),
  }
}

export type DraftHandle = ReturnType<typeof useDraft>

function load(datasetId: string): Draft | null {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(keyOf(datasetId)) ?? 'null')
    return Draft.safeParse(stored).data ?? null
  } catch {
    return null
  }
}
