import { z } from 'zod'
import { AppError, SerializedError } from './errors.ts'

/** A two-way pipe for structured-clonable messages: a child process, Electron IPC, a WebSocket, a pair in memory. */
export interface Port {
  post(message: unknown): void
  /** The returned function stops listening. */
  listen(listener: (message: unknown) => void): () => void
  /** Called once, when either end is gone; at once when it is gone already. */
  onClose(listener: () => void): void
  close(): void
}

/** A contract: what may be asked, and what may be heard. */
export interface ContractTable {
  readonly requests: Readonly<Record<string, { readonly input: z.ZodType; readonly output: z.ZodType }>>
  readonly events: Readonly<Record<string, z.ZodType>>
}

type Names<Part> = keyof Part & string
type RequestOf<Table extends ContractTable, Name extends keyof Table['requests']> = Table['requests'][Name]

/** One function per request: leave one out, or misspell one, and it does not compile. */
export type HandlersOf<Table extends ContractTable> = {
  readonly [Name in Names<Table['requests']>]: (
    input: z.output<RequestOf<Table, Name>['input']>,
  ) => z.output<RequestOf<Table, Name>['output']> | Promise<z.output<RequestOf<Table, Name>['output']>>
}

/** Sends an event to the other end. */
export type EmitOf<Table extends ContractTable> = <Name extends Names<Table['events']>>(
  name: Name,
  payload: z.output<Table['events'][Name]>,
) => void

/** The client end of a contract. Defaults of an input may be left out. */
export interface ApiOf<Table extends ContractTable> {
  /** Rejects with an `AppError`; with `engine-unavailable` when the other end goes away before it answers. */
  request<Name extends Names<Table['requests']>>(
    name: Name,
    input: z.input<RequestOf<Table, Name>['input']>,
  ): Promise<z.output<RequestOf<Table, Name>['output']>>
  /** The returned function stops listening. */
  on<Name extends Names<Table['events']>>(
    name: Name,
    listener: (payload: z.output<Table['events'][Name]>) => void,
  ): () => void
}

const Message = z.discriminatedUnion('type', [
  z.object({ type: z.literal('request'), id: z.number(), name: z.string(), input: z.unknown().optional() }),
  z.object({ type: z.literal('reply'), id: z.number(), output: z.unknown().optional() }),
  z.object({ type: z.literal('failure'), id: z.number(), error: SerializedError }),
  z.object({ type: z.literal('event'), name: z.string(), payload: z.unknown().optional() }),
])
type Message = z.infer<typeof Message>

/** Answers the requests that arrive on `port`; the returned function sends an event over it. */
export function serveTable<Table extends ContractTable>(
  table: Table,
  port: Port,
  handlers: HandlersOf<Table>,
): EmitOf<Table> {
  const post = (message: Message) => port.post(message)
  port.listen((raw) => {
    const message = read(raw)
    if (message?.type !== 'request') return
    const { id, name, input } = message
    answer(table, handlers, name, input).then(
      (output) => post({ type: 'reply', id, output }),
      (thrown: unknown) => post({ type: 'failure', id, error: AppError.from(thrown).toJSON() }),
    )
  })
  return (name, payload) => post({ type: 'event', name, payload })
}

async function answer<Table extends ContractTable>(
  table: Table,
  handlers: HandlersOf<Table>,
  name: string,
  input: unknown,
): Promise<unknown> {
  const request = own(table.requests, name)
  const handler = own(handlers as Record<string, (input: unknown) => unknown>, name)
  if (request === undefined || handler === undefined)
    throw new AppError('invalid-input', `Unknown request ${name}`)
  return await handler(request.input.parse(input))
}

export interface ConnectOptions {
  /** Told of events that break the contract; without it they are dropped. */
  onViolation?: (error: AppError) => void
}

/** The client end: the same for the window, a browser tab, the command line, and the engine's host. */
export function connectTable<Table extends ContractTable>(
  table: Table,
  port: Port,
  { onViolation }: ConnectOptions = {},
): ApiOf<Table> {
  const calls = new Map<number, PendingCall>()
  const listeners = new Map<string, Set<(payload: unknown) => void>>()
  let lastId = 0
  let closed = false

  port.onClose(() => {
    closed = true
    for (const call of calls.values()) call.reject(connectionClosed())
    calls.clear()
  })
  port.listen((raw) => {
    const message = read(raw)
    if (message === undefined) return
    if (message.type === 'reply')
      settle(message.id, (call) => call.resolve(call.output.parse(message.output)))
    if (message.type === 'failure')
      settle(message.id, (call) => call.reject(AppError.fromJSON(message.error)))
    if (message.type === 'event') hear(message.name, message.payload)
  })

  function settle(id: number, finish: (call: PendingCall) => void): void {
    const call = calls.get(id)
    if (call === undefined) return
    calls.delete(id)
    try {
      finish(call)
    } catch (thrown) {
      call.reject(violation('an answer of another shape than agreed', thrown))
    }
  }

  function hear(name: string, raw: unknown): void {
    const parsed = own(table.events, name)?.safeParse(raw)
    if (parsed === undefined) return onViolation?.(violation(`an unknown event ${name}`))
    if (!parsed.success)
      return onViolation?.(violation(`an event ${name} of another shape than agreed`, parsed.error))
    for (const listener of [...(listeners.get(name) ?? [])]) listener(parsed.data)
  }

  return {
    request: (name, input) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(connectionClosed())
          return
        }
        const id = ++lastId
        const { output } = table.requests[name]!
        calls.set(id, { resolve: resolve as (output: unknown) => void, reject, output })
        port.post({ type: 'request', id, name, input } satisfies Message)
      }),
    on(name, listener) {
      const ofName = listeners.get(name) ?? new Set()
      listeners.set(name, ofName.add(listener as (payload: unknown) => void))
      return () => ofName.delete(listener as (payload: unknown) => void)
    },
  }
}

interface PendingCall {
  resolve: (output: unknown) => void
  reject: (error: AppError) => void
  output: z.ZodType
}

/** Two ends of a pipe within one process. Messages arrive in order, after the sender has returned. */
export function memoryPorts(): [Port, Port] {
  const ends = [openEnd(), openEnd()] as const
  const close = () => ends.forEach((end) => end.close())
  return [portOver(ends[0], ends[1], close), portOver(ends[1], ends[0], close)]
}

function portOver(own: End, other: End, close: () => void): Port {
  return {
    post: (message) => void Promise.resolve().then(() => other.deliver(message)),
    listen: (listener) => own.listen(listener),
    onClose: (listener) => own.onClose(listener),
    close,
  }
}

type End = ReturnType<typeof openEnd>

function openEnd() {
  const listeners = new Set<(message: unknown) => void>()
  const closeListeners = new Set<() => void>()
  let closed = false
  return {
    deliver(message: unknown): void {
      if (!closed) for (const listener of [...listeners]) listener(message)
    },
    listen(listener: (message: unknown) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onClose(listener: () => void): void {
      if (closed) listener()
      else closeListeners.add(listener)
    },
    close(): void {
      if (closed) return
      closed = true
      for (const listener of closeListeners) listener()
    },
  }
}

/** What is not in our language is not answered, not even with an error. */
function read(raw: unknown): Message | undefined {
  return Message.safeParse(raw).data
}

/** A property of the table itself: a name from outside must not reach `toString` and its like. */
function own<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

function connectionClosed(): AppError {
  return new AppError('engine-unavailable', 'The other end went away before it answered')
}

function violation(what: string, cause?: unknown): AppError {
  const detail = cause instanceof z.ZodError ? `: ${z.prettifyError(cause)}` : ''
  return new AppError('internal', `Received ${what}${detail}`, { cause })
}
