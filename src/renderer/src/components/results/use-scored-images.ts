import { computed, shallowRef, watch } from 'vue'
import type { Input } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { ScoredImage } from '#shared/schemas/queue'
import { api } from '../../api/api.ts'

export type ScoredQuestion = Omit<Input<'runs/scored-images'>, 'offset' | 'limit'>

const PAGE = 200

/** Test pictures with a method's answers, a page at a time. A null question asks nothing. */
export function useScoredImages(question: () => ScoredQuestion | null) {
  const images = shallowRef<readonly ScoredImage[]>([])
  const total = shallowRef<number | null>(null)
  const error = shallowRef<AppError | null>(null)
  let turn = 0

  async function load(from: number): Promise<void> {
    const asked = question()
    const mine = ++turn
    if (asked === null) return
    try {
      const answer = await api.request('runs/scored-images', { ...asked, offset: from, limit: PAGE })
      if (mine !== turn) return
      images.value = from === 0 ? answer.images : [...images.value, ...answer.images]
      total.value = answer.total
      error.value = null
    } catch (thrown) {
      if (mine === turn) error.value = AppError.from(thrown)
    }
  }
  function restart(): void {
    images.value = []
    total.value = null
    error.value = null
    void load(0)
  }
  watch(() => JSON.stringify(question()), restart, { immediate: true })
  return {
    images,
    total,
    error,
    /** the run was made by a program that did not keep the answers */
    isOld: computed(() => error.value?.code === 'not-found'),
    more: () => load(images.value.length),
    restart,
  }
}
