import * as tf from '#main/engine/tensor/tf'

/** Calls of one native operation within a step. */
export interface OperationUse {
  readonly name: string
  readonly count: number
  readonly seconds: number
}

type Native = Record<string, unknown> & { executeOp: (name: string, ...rest: unknown[]) => unknown }

/** Runs `body` with every native operation counted and timed; the most expensive comes first. */
export async function watchOperations<Result>(
  body: () => Promise<Result>,
): Promise<{ result: Result; operations: OperationUse[] }> {
  const backend = tf.backend() as unknown as { binding: Native }
  const real = backend.binding
  const uses = new Map<string, { count: number; seconds: number }>()
  backend.binding = watched(real, (name, seconds) => {
    const { count, seconds: before } = uses.get(name) ?? { count: 0, seconds: 0 }
    uses.set(name, { count: count + 1, seconds: before + seconds })
  })
  try {
    const result = await body()
    const operations = [...uses].map(([name, use]) => ({ name, ...use }))
    return { result, operations: operations.toSorted((a, b) => b.seconds - a.seconds) }
  } finally {
    backend.binding = real
  }
}

/** The addon's own members are read-only and not enumerable, hence a copy by their names. */
function watched(real: Native, onUse: (name: string, seconds: number) => void): Native {
  const copy = Object.fromEntries(Object.getOwnPropertyNames(real).map((name) => [name, real[name]]))
  const executeOp = (name: string, ...rest: unknown[]) => {
    const start = performance.now()
    try {
      return real.executeOp(name, ...rest)
    } finally {
      onUse(name, (performance.now() - start) / 1000)
    }
  }
  return { ...copy, executeOp }
}
