import type { IpcMain, IpcMainEvent, WebContents } from 'electron'
import type { Port } from '#shared/rpc'
import { isOurs } from './origin.ts'

/** The one channel between page and program; the preload script knows it too. */
export const CHANNEL = 'port'

/**
 * Gives a port for every page that this window loads, from its first message on. Only the window's main frame is
 * listened to, and only while it shows our page. A page has an id, so nothing that was meant for one before a reload
 * reaches the one after it.
 */
export function listenToPages(ipc: IpcMain, contents: WebContents, onPort: (port: Port) => void): void {
  let current: PagePort | null = null
  const gone = new Set<string>()

  const endCurrent = () => {
    if (current === null) return
    gone.add(current.page)
    current.end()
    current = null
  }
  const take = (event: IpcMainEvent, page: unknown, message: unknown) => {
    if (!isFromOurPage(event, contents) || typeof page !== 'string' || gone.has(page)) return
    if (current?.page !== page) {
      endCurrent()
      current = pagePort(contents, page)
      onPort(current.port)
    }
    current.deliver(message)
  }

  ipc.on(CHANNEL, take)
  contents.on('render-process-gone', endCurrent)
  contents.once('destroyed', () => {
    ipc.off(CHANNEL, take)
    endCurrent()
  })
}

interface PagePort {
  readonly page: string
  readonly port: Port
  deliver(message: unknown): void
  end(): void
}

function isFromOurPage({ sender, senderFrame }: IpcMainEvent, contents: WebContents): boolean {
  return (
    sender === contents &&
    senderFrame !== null &&
    senderFrame === contents.mainFrame &&
    isOurs(senderFrame.url)
  )
}

function pagePort(contents: WebContents, page: string): PagePort {
  const listeners = new Set<(message: unknown) => void>()
  const closeListeners = new Set<() => void>()
  let open = true
  const end = () => {
    if (!open) return
    open = false
    for (const listener of closeListeners) listener()
  }
  const port: Port = {
    post(message) {
      if (open && !contents.isDestroyed()) contents.send(CHANNEL, page, message)
    },
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onClose(listener) {
      if (open) closeListeners.add(listener)
      else listener()
    },
    close: end,
  }
  return {
    page,
    port,
    deliver(message) {
      if (open) for (const listener of [...listeners]) listener(message)
    },
    end,
  }
}
