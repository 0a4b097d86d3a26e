/**
 * Lets at most `most` things happen at once. Who waits goes first when they came last: what somebody looks at now
 * matters more than what they have scrolled past.
 */
export function createTurns(most: number) {
  const waiting: (() => void)[] = []
  let busy = 0

  return async function inTurn<Result>(signal: AbortSignal, act: () => Promise<Result>): Promise<Result> {
    if (busy >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else busy++
    try {
      signal.throwIfAborted()
      return await act()
    } finally {
      const next = waiting.pop()
      if (next === undefined) busy--
      else next()
    }
  }
}
