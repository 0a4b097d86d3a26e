import type { Port } from '#shared/rpc'

/** What the preload script of the desktop window offers. */
export interface WindowBridge {
  post(message: unknown): void
  listen(listener: (message: unknown) => void): () => void
  /** where a dropped file lies on this machine */
  pathOf(file: File): string
}

/** The bridge of the desktop window; undefined in a browser. */
export function windowBridge(): WindowBridge | undefined {
  return (window as { dplstudio?: WindowBridge }).dplstudio
}

/** The port of a window lives as long as its page. */
export function windowPort(bridge: WindowBridge): Port {
  return {
    // What a component holds may be a reactive proxy, which structured clone refuses; the contract is JSON anyway.
    post: (message) => bridge.post(JSON.parse(JSON.stringify(message))),
    listen: (listener) => bridge.listen(listener),
    onClose: () => undefined,
    close: () => undefined,
  }
}
