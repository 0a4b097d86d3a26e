import { shallowRef, type ShallowRef } from 'vue'
import { contract, type Api } from '#shared/contract'
import { AppError } from '#shared/errors'
import { connectTable, type Port } from '#shared/rpc'

/** `refused`: the server does not know us; only opening its link again helps. */
export type ConnectionStatus = 'connecting' | 'open' | 'lost' | 'refused'

/** Opens a port to the application. Rejects with 'unsupported' when trying again is of no use. */
export type OpenPort = () => Promise<Port>

/** A client that outlives its port: it connects again by itself, and its listeners stay. */
export interface Connection extends Api {
  readonly status: Readonly<ShallowRef<ConnectionStatus>>
  /** Called now if connected, and after every connect: the moment to ask for what events may have told meanwhile. */
  onOpen(listener: () => void): () => void
}

const FIRST_RETRY_MS = 300
const LONGEST_RETRY_MS = 4_000

/** Connects, and keeps connecting. */
export function createConnection(openPort: OpenPort): Connection {
  const status = shallowRef<ConnectionStatus>('connecting')
  const openListeners = new Set<() => void>()
  const subscriptions = new Set<(api: Api) => () => void>()
  const waiting = new Set<{ resolve: (api: Api) => void; reject: (error: AppError) => void }>()
  let api: Api | null = null

  async function connect(retryMs: number): Promise<void> {
    try {
      const port = await openPort()
      port.onClose(() => {
        api = null
        status.value = 'lost'
        setTimeout(() => void connect(FIRST_RETRY_MS), FIRST_RETRY_MS)
      })
      open(connectTable(contract, port, { onViolation: (error) => console.error(error) }))
    } catch (thrown) {
      const error = AppError.from(thrown)
      status.value = error.code === 'unsupported' ? 'refused' : 'lost'
      for (const { reject } of waiting) reject(error)
      waiting.clear()
      if (error.code !== 'unsupported')
        setTimeout(() => void connect(Math.min(retryMs * 2, LONGEST_RETRY_MS)), retryMs)
    }
  }

  function open(connected: Api): void {
    api = connected
    for (const subscribe of subscriptions) subscribe(connected)
    status.value = 'open'
    for (const { resolve } of waiting) resolve(connected)
    waiting.clear()
    for (const listener of openListeners) listener()
  }

  void connect(FIRST_RETRY_MS)
  return {
    status,
    async request(name, input) {
      const connected = api ?? (await new Promise<Api>((resolve, reject) => waiting.add({ resolve, reject })))
      return connected.request(name, input)
    },
    on(name, listener) {
      let stop: (() => void) | null = null
      const subscribe = (connected: Api) => (stop = connected.on(name, listener))
      subscriptions.add(subscribe)
      if (api !== null) subscribe(api)
      return () => {
        subscriptions.delete(subscribe)
        stop?.()
      }
    },
    onOpen(listener) {
      openListeners.add(listener)
      if (api !== null) listener()
      return () => openListeners.delete(listener)
    },
  }
}
