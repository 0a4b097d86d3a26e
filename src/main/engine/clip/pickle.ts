import { AppError } from '#shared/errors'

/**
 * What a pickle describes, as inert data. Nothing is imported, constructed or called: a global is its name, a call
 * is a record of what would be called, an object is its state.
 */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Pickled[]
  | PickledDict
  | PickledGlobal
  | PickledReference
  | PickledCall
  | PickledObject

export interface PickledDict {
  readonly kind: 'dict'
  readonly entries: Map<Pickled, Pickled>
}

/** A class or function by its full name. */
export interface PickledGlobal {
  readonly kind: 'global'
  readonly name: string
}

/** Something that lies outside the pickle: for PyTorch, the bytes of a tensor. */
export interface PickledReference {
  readonly kind: 'reference'
  readonly id: Pickled
}

/** A call that was not made. */
export interface PickledCall {
  readonly kind: 'call'
  readonly name: string
  readonly arguments: Pickled[]
}

/** An instance that was not made; `state` is what its fields would have been. */
export interface PickledObject {
  readonly kind: 'object'
  readonly className: string
  state: Pickled
}

/** More values than any checkpoint needs; a small file must not fill the memory. */
const MOST_VALUES = 5_000_000

/**
 * Reads a pickle without executing anything. A global that `allowed` refuses ends the reading with its name, as does
 * an instruction that weight files do not use. 'bad-file' in both cases.
 */
export function readPickle(path: string, bytes: Uint8Array, allowed: (global: string) => boolean): Pickled {
  const machine = createMachine(path, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), allowed)
  try {
    return machine.run()
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    throw badPickle(path, 'it ends in the middle', thrown)
  }
}

function createMachine(path: string, code: Buffer, allowed: (global: string) => boolean) {
  const stack: Pickled[] = []
  /** how high the stack was where each open group began */
  const groups: number[] = []
  const memory = new Map<number, Pickled>()
  let at = 0
  let values = 0

  function push(value: Pickled): void {
    if (++values > MOST_VALUES) throw badPickle(path, `it describes more than ${MOST_VALUES} values`)
    stack.push(value)
  }

  function pop(): Pickled {
    if (stack.length <= (groups.at(-1) ?? 0)) throw badPickle(path, 'it uses a value that is not there')
    return stack.pop()!
  }

  function top(): Pickled {
    const value = pop()
    stack.push(value)
    return value
  }

  function popGroup(): Pickled[] {
    const start = groups.pop()
    if (start === undefined) throw badPickle(path, 'it ends a group that it never began')
    return stack.splice(start)
  }

  function take(length: number): Buffer {
    if (length < 0 || at + length > code.length) throw badPickle(path, 'it ends in the middle')
    at += length
    return code.subarray(at - length, at)
  }

  function takeLine(): string {
    const end = code.indexOf(0x0a, at)
    if (end === -1) throw badPickle(path, 'it ends in the middle')
    const line = code.toString('utf8', at, end)
    at = end + 1
    return line
  }

  function pushGlobal(name: string): void {
    if (!allowed(name))
      throw new AppError(
        'bad-file',
        `${path} asks for ${JSON.stringify(name.slice(0, 100))}, which is no part of a weight file. Nothing of it was run.`,
        {
          hint: 'Do not open this file with programs that load pickles. Use a safetensors file or a state dict.',
        },
      )
    push({ kind: 'global', name })
  }

  function recall(key: number): void {
    const value = memory.get(key)
    if (value === undefined) throw badPickle(path, `it recalls value ${key}, which it never stored`)
    push(value)
  }

  function setItems(pairs: Pickled[]): void {
    const target = top()
    const dict = isKind(target, 'object') ? target.state : target
    if (!isKind(dict, 'dict') || pairs.length % 2 !== 0)
      throw badPickle(path, 'it adds pairs to what is no dictionary')
    for (let i = 0; i < pairs.length; i += 2) dict.entries.set(pairs[i]!, pairs[i + 1]!)
  }

  function append(items: Pickled[]): void {
    const list = top()
    if (!Array.isArray(list)) throw badPickle(path, 'it appends to what is no list')
    for (const item of items) list.push(item)
  }

  function construct(kind: 'call' | 'object'): void {
    const values = pop()
    const callee = pop()
    if (!isKind(callee, 'global') || !Array.isArray(values))
      throw badPickle(path, 'it calls what is no function')
    push(
      kind === 'call' ? called(callee.name, values) : { kind: 'object', className: callee.name, state: null },
    )
  }

  /** Sets an object's fields. On a plain dictionary they are attributes of Python's object and say nothing of tensors. */
  function build(): void {
    const state = pop()
    const target = top()
    if (isKind(target, 'object')) target.state = state
  }

  const instructions: Readonly<Record<string, () => void>> = {
    '\x80': () => take(1), // version
    '\x95': () => take(8), // length of a frame
    '(': () => groups.push(stack.length),
    N: () => push(null),
    '\x88': () => push(true),
    '\x89': () => push(false),
    K: () => push(take(1).readUInt8()),
    M: () => push(take(2).readUInt16LE()),
    J: () => push(take(4).readInt32LE()),
    G: () => push(take(8).readDoubleBE()),
    '\x8a': () => push(longInteger(take(take(1).readUInt8()))),
    X: () => push(take(take(4).readUInt32LE()).toString('utf8')),
    '\x8c': () => push(take(take(1).readUInt8()).toString('utf8')),
    ')': () => push([]),
    ']': () => push([]),
    '}': () => push({ kind: 'dict', entries: new Map() }),
    t: () => push(popGroup()),
    '\x85': () => push([pop()]),
    '\x86': () => push([pop(), pop()].reverse()),
    '\x87': () => push([pop(), pop(), pop()].reverse()),
    a: () => append([pop()]),
    e: () => append(popGroup()),
    s: () => setItems([pop(), pop()].reverse()),
    u: () => setItems(popGroup()),
    c: () => pushGlobal(`${takeLine()}.${takeLine()}`),
    '\x93': () => pushGlobal([pop(), pop()].reverse().map(asText).join('.')),
    q: () => memory.set(take(1).readUInt8(), top()),
    r: () => memory.set(take(4).readUInt32LE(), top()),
    '\x94': () => memory.set(memory.size, top()),
    h: () => recall(take(1).readUInt8()),
    j: () => recall(take(4).readUInt32LE()),
    Q: () => push({ kind: 'reference', id: pop() }),
    R: () => construct('call'),
    '\x81': () => construct('object'),
    b: build,
  }

  function asText(value: Pickled): string {
    if (typeof value !== 'string') throw badPickle(path, 'it names a global by something that is no text')
    return value
  }

  return {
    run(): Pickled {
      for (;;) {
        const instruction = String.fromCharCode(take(1).readUInt8())
        if (instruction === '.') return pop()
        const execute = Object.hasOwn(instructions, instruction) ? instructions[instruction] : undefined
        if (execute === undefined)
          throw badPickle(
            path,
            `it uses the instruction 0x${instruction.charCodeAt(0).toString(16)}, which weight files do not need`,
          )
        execute()
      }
    },
  }
}

/** Whether a value is of a kind, for example a dictionary. */
export function isKind<Kind extends 'dict' | 'global' | 'reference' | 'call' | 'object'>(
  value: Pickled | undefined,
  kind: Kind,
): value is Extract<Pickled, { kind: Kind }> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && value.kind === kind
}

/** Python's ordered dictionary is a dictionary here; every other call stays a record of itself. */
function called(name: string, values: Pickled[]): Pickled {
  if (name === 'collections.OrderedDict') return { kind: 'dict', entries: new Map() }
  return { kind: 'call', name, arguments: values }
}

/** Little-endian two's complement of any length. */
function longInteger(bytes: Buffer): number | bigint {
  if (bytes.length === 0) return 0
  const hex = Buffer.from(bytes).reverse().toString('hex')
  const value = BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`))
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function badPickle(path: string, reason: string, cause?: unknown): AppError {
  return new AppError(
    'bad-file',
    `${path} has a description of its tensors that cannot be read: ${reason}.`,
    {
      hint: 'The file is damaged or no PyTorch weight file. Download or copy it again.',
      cause,
    },
  )
}
