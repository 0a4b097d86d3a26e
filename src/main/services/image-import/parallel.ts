import { availableParallelism } from 'node:os'

/** Enough to keep disk and cores busy, few enough that the files in memory do not add up. */
const AT_ONCE = Math.min(16, 2 * availableParallelism() + 2)

/**
 * Runs `work` on every item, a few at a time, and gives the results in the order of the items. Ends with the
 * first failure or with the signal's reason, after the work under way has come back.
 */
export async function eachAtOnce<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
  {
    signal,
    onDone,
  }: { signal?: AbortSignal | undefined; onDone?: ((done: number) => void) | undefined } = {},
): Promise<Result[]> {
  const results = new Array<Result>(items.length)
  const state = { next: 0, done: 0, failed: false }

  async function worker(): Promise<void> {
    while (state.next < items.length && !state.failed) {
      signal?.throwIfAborted()
      const index = state.next++
      results[index] = await work(items[index]!, index)
      onDone?.(++state.done)
    }
  }
  const workers = Array.from({ length: Math.min(AT_ONCE, items.length) }, () =>
    worker().catch((thrown: unknown) => {
      state.failed = true
      throw thrown
    }),
  )
  const ends = await Promise.allSettled(workers)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return results
}
