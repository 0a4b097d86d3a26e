import type { Page } from 'playwright-core'
import type { Port } from '#shared/rpc'

/** Keeps our requests apart from those that the page itself sends through the same bridge. */
const OFFSET = 1_000_000

interface Bridge {
  post(message: unknown): void
  listen(listener: (message: unknown) => void): () => void
}

/** A port over the bridge that the preload script has put into a page. Closing it closes the page. */
export async function pagePort(page: Page): Promise<Port> {
  const listeners = new Set<(message: unknown) => void>()
  const name = `heard${Math.random().toString(36).slice(2)}`
  await page.exposeFunction(name, (message: unknown) => {
    for (const listener of listeners) listener(shifted(message, -OFFSET))
  })
  await page.evaluate((hear) => {
    const scope = globalThis as unknown as Record<string, (message: unknown) => void> & { dplstudio: Bridge }
    scope.dplstudio.listen((message) => scope[hear]?.(message))
  }, name)
  return {
    post: (message) =>
      void page
        .evaluate(
          (said) => (globalThis as unknown as { dplstudio: Bridge }).dplstudio.post(said),
          shifted(message, OFFSET),
        )
        .catch(() => undefined),
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onClose: (listener) => void page.once('close', () => listener()),
    close: () => void page.close(),
  }
}

function shifted(message: unknown, by: number): unknown {
  const { id } = message as { id?: number }
  return id === undefined ? message : { ...(message as object), id: id + by }
}
