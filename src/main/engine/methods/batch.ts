import type { Tensor1D, Tensor4D } from '../tensor/tf.ts'

/** Images of one step, normalised, with their class indices. Borrowed by the step. */
export interface Batch {
  readonly pixels: Tensor4D // [B, S, S, 3]
  readonly labels: Tensor1D // [B] int32
}
