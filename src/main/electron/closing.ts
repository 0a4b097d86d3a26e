import type { Settings } from '#shared/schemas/settings'

/** What becomes of a run when the window is closed. */
export type ClosingAnswer = 'background' | 'stop' | 'stay'
/** `idle`: there is no run that anything could become of. */
export type ClosingDecision = ClosingAnswer | 'idle'

export interface ClosingParts {
  /** how many runs are not finished */
  busyRuns: () => number
  onClose: () => Settings['onClose']
  ask: (runs: number) => Promise<{ answer: ClosingAnswer; remember: boolean }>
  remember: (answer: Exclude<ClosingAnswer, 'stay'>) => Promise<unknown>
}

/**
 * Decides what closing means: nothing special without a run, otherwise what the user has answered once and for all,
 * otherwise what they answer now. Somebody who quits wants the program to end, so an answer that was kept for closing
 * windows does not send it into the background. While the question is open, nothing else is decided.
 */
export function createClosing({ busyRuns, onClose, ask, remember }: ClosingParts) {
  let asking = false
  return async (how: 'close' | 'quit'): Promise<ClosingDecision> => {
    if (asking) return 'stay'
    const runs = busyRuns()
    const kept = onClose()
    if (runs === 0) return 'idle'
    if (kept === 'stop' || (kept === 'background' && how === 'close')) return kept
    asking = true
    try {
      const { answer, remember: always } = await ask(runs)
      if (always && answer !== 'stay') await remember(answer)
      return answer
    } finally {
      asking = false
    }
  }
}
