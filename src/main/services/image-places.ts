import { AppError } from '#shared/errors'
import type { Split } from '#shared/schemas/dataset'
import type { ImagePlaces } from '#main/assets/pages'
import { readJson } from '#main/files'
import { RunJob, runFiles } from '#main/run-folder'
import type { Datasets } from './datasets.ts'
import type { Runs } from './runs.ts'

/** Where the pictures of datasets and runs lie. */
export function createImagePlaces({ datasets, runs }: { datasets: Datasets; runs: Runs }): ImagePlaces {
  let last: RunJob | null = null

  /** A page asks for many pictures of one run, and never for those of many runs at once. */
  function jobOf(id: string): RunJob {
    last = last?.runId === id ? last : readJson(runFiles(runs.get(id).folder).job, RunJob)
    return last
  }
  return {
    dataset: (id) => ifThere(() => datasets.get(id).root),
    run: (id, split: Split, index) => ifThere(() => jobOf(id).dataset[split][index]?.path),
    prediction: () => null,
  }
}

function ifThere(look: () => string | undefined): string | null {
  try {
    return look() ?? null
  } catch (thrown) {
    if (AppError.from(thrown).code === 'not-found') return null
    throw thrown
  }
}
