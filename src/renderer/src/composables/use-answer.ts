import { onScopeDispose, shallowRef, watch } from 'vue'
import { AppError } from '#shared/errors'
import { api } from '../api/api.ts'

/** Skeletons that flash are worse than a short wait. */
const SLOW_MS = 200

/**
 * What the application answers to a question that may change: asked again when `source` does and after a lost
 * connection. A late answer to an earlier question is dropped; a null source asks nothing.
 */
export function useAnswer<Source, Value>(
  source: () => Source | null,
  ask: (source: Source) => Promise<Value>,
) {
  const value = shallowRef<Value | null>(null)
  const error = shallowRef<AppError | null>(null)
  /** an answer has been awaited for longer than a blink */
  const slow = shallowRef(false)
  let latest = 0

  async function reload(): Promise<void> {
    const turn = ++latest
    const asked = source()
    if (asked === null) {
      value.value = null
      error.value = null
      return
    }
    const timer = setTimeout(() => (slow.value = turn === latest), SLOW_MS)
    try {
      const answer = await ask(asked)
      if (turn !== latest) return
      value.value = answer
      error.value = null
    } catch (thrown) {
      if (turn !== latest) return
      value.value = null
      error.value = AppError.from(thrown)
    } finally {
      clearTimeout(timer)
      if (turn === latest) slow.value = false
    }
  }

  watch(
    () => JSON.stringify(source()),
    () => void reload(),
  )
  onScopeDispose(api.onOpen(() => void reload()))
  return { value, error, slow, reload }
}
