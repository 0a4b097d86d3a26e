import { computed, shallowRef } from 'vue'
import { AppError } from '#shared/errors'
import { api } from '../api/api.ts'

type LoadState = 'loading' | 'ready' | 'failed'

/**
 * Things with ids that the application keeps: loaded at every connect, then kept up to date by events. Listens before
 * it asks, so nothing is missed between the two.
 */
export function createCollection<Item extends { id: string }>(load: () => Promise<Item[]>) {
  const byId = shallowRef<ReadonlyMap<string, Item>>(new Map())
  const state = shallowRef<LoadState>('loading')
  const error = shallowRef<AppError | null>(null)

  async function reload(): Promise<void> {
    try {
      byId.value = new Map((await load()).map((item) => [item.id, item]))
      state.value = 'ready'
      error.value = null
    } catch (thrown) {
      error.value = AppError.from(thrown)
      if (state.value === 'loading') state.value = 'failed'
    }
  }
  api.onOpen(() => void reload())

  return {
    state,
    error,
    reload,
    all: computed(() => [...byId.value.values()]),
    get: (id: string): Item | undefined => byId.value.get(id),
    put: (item: Item): void => {
      byId.value = new Map(byId.value).set(item.id, item)
    },
    drop: (id: string): void => {
      const left = new Map(byId.value)
      left.delete(id)
      byId.value = left
    },
  }
}
