import { AppError } from '#shared/errors'
import type { ImagePlaces } from '#main/assets/pages'
import type { Datasets } from './datasets.ts'
import type { Runs } from './runs.ts'
import type { Tasks } from './tasks.ts'

/**
 * Where the pictures lie that a page may show: those of datasets and of inspections, which go by the id of their task,
 * those of runs, and those that a task has classified.
 */
export function createImagePlaces(parts: { datasets: Datasets; runs: Runs; tasks: Tasks }): ImagePlaces {
  const { datasets, runs, tasks } = parts

  const outcomeOf = (task: string) => tasks.get(task).outcome
  const inspectedRoot = (task: string) => {
    const outcome = outcomeOf(task)
    return outcome?.kind === 'dataset-inspect' ? outcome.dataset.root : null
  }
  return {
    dataset: (id) => ifThere(() => (datasets.has(id) ? datasets.get(id).root : inspectedRoot(id))),
    run: (id, split, index) => ifThere(() => runs.imagePath(id, split, index)),
    prediction: (task, index) =>
      ifThere(() => {
        const outcome = outcomeOf(task)
        return outcome?.kind === 'predict' ? (outcome.predictions[index]?.path ?? null) : null
      }),
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
