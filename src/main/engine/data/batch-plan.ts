import { createRandom } from '../tensor/random.ts'

/**
 * The training batches of one epoch: a fresh order, the incomplete last batch dropped unless it is the only one.
 * Seed, stage and epoch decide alone, so a resumed epoch needs nothing but its number. -> indices of each batch
 */
export function trainingBatches(
  images: number,
  { batchSize, seed, stage, epoch }: { batchSize: number; seed: number; stage: string; epoch: number },
): number[][] {
  const order = createRandom(seed, stage, 'order', epoch).shuffle(range(images))
  if (images <= batchSize) return [order]
  return range(Math.floor(images / batchSize)).map((step) =>
    order.slice(step * batchSize, (step + 1) * batchSize),
  )
}

/**
 * The validation batch of one step of a search: the next images of endless reshuffled passes, or always the first
 * images in their given order. -> indices
 */
export function validationBatch(
  images: number,
  {
    batchSize,
    seed,
    step,
    order,
  }: { batchSize: number; seed: number; step: number; order: 'cycle' | 'first' },
): number[] {
  const size = Math.min(batchSize, images)
  if (order === 'first') return range(size)
  const start = step * size
  const pass = (number: number) => createRandom(seed, 'search', 'validation', number).shuffle(range(images))
  const first = Math.floor(start / images)
  const stream = [...pass(first), ...pass(first + 1)]
  return stream.slice(start - first * images, start - first * images + size)
}

/** Consecutive runs of at most `size` items. */
export function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return range(Math.ceil(items.length / size)).map((i) => items.slice(i * size, (i + 1) * size))
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i)
}
