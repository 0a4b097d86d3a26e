/** Lets messages in (pause, cancel, a closed pipe) between two native calls, which block. */
export function letMessagesIn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
