import { AppError } from '#shared/errors'
import type { Split } from '#shared/schemas/dataset'
import type { ImagePlaces } from '#main/assets/pages'
import type { Datasets } from './datasets.ts'
import type { Runs } from './runs.ts'

/** Where the pictures of datasets and runs lie. */
export function createImagePlaces({ datasets, runs }: { datasets: Datasets; runs: Runs }): ImagePlaces {
  return {
    dataset: (id) => ifThere(() => datasets.get(id).root),
    run: (id, split: Split, index) => ifThere(() => runs.imagePath(id, split, index)),
    prediction: () => null,
  }
}

function ifThere(look: () => string | null): string | null {
  try {
    return look()
  } catch (thrown) {
    if (AppError.from(thrown).code === 'not-found') return null
    throw thrown
  }
}
