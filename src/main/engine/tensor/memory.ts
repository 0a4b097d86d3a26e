import * as tf from './tf.ts'
import type { Tensor } from './tf.ts'

/** Something that holds tensors for longer than one call and must be released exactly once. */
export interface TensorOwner {
  dispose(): void
}

/** Runs `body` with an owner and always releases it: the asynchronous counterpart of `tf.tidy`. */
export async function withOwner<Owner extends TensorOwner, Result>(
  owner: Owner,
  body: (owner: Owner) => Promise<Result>,
): Promise<Result> {
  try {
    return await body(owner)
  } finally {
    owner.dispose()
  }
}

/** The same for a body without `await`. */
export function withOwnerSync<Owner extends TensorOwner, Result>(
  owner: Owner,
  body: (owner: Owner) => Result,
): Result {
  try {
    return body(owner)
  } finally {
    owner.dispose()
  }
}

/** Tensors by name: what a step takes and what it gives back. */
export type NamedTensors = Readonly<Record<string, Tensor>>

/** Releases every tensor of a record. */
export function disposeAll(tensors: NamedTensors): void {
  tf.dispose({ ...tensors })
}
