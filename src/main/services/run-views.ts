import { DEFAULT_DOMINANCE_RATIO } from '#shared/alpha-matrix'
import type { Output, ParsedInput } from '#shared/contract'
import type { Split } from '#shared/schemas/dataset'
import type { ExportRecord, Run } from '#shared/schemas/run-record'
import type { EpochReport, RunResult } from '#shared/schemas/run'
import type { RunsRepository } from '#main/db/runs-repository'
import { createAnswers } from './answers.ts'
import type { Datasets } from './datasets.ts'
import { presentPath, readJob } from './run-records.ts'
import { reportRun } from './run-report.ts'

export interface RunViewsParts {
  repository: RunsRepository
  datasets: Datasets
  /** how many times the second weight a dominant option has, in run cards */
  dominanceRatio?: () => number
}

/** What can be read of runs, whoever is at work on them. */
export function createRunViews({
  repository,
  datasets,
  dominanceRatio = () => DEFAULT_DOMINANCE_RATIO,
}: RunViewsParts) {
  const answers = createAnswers()

  /** Where the pictures of a dataset are now; undefined when it is gone. */
  const rootOf = (datasetId: string): string | undefined =>
    datasets.has(datasetId) ? datasets.get(datasetId).root : undefined

  return {
    rootOf,
    list: ({ datasetId }: ParsedInput<'runs/list'>): Run[] => repository.list(datasetId),
    get: (id: string): Run => repository.get(id),
    result: (id: string): RunResult => repository.result(id),
    exports: (id: string): ExportRecord[] => repository.exports(repository.get(id).id),
    epochs: ({ id, after }: ParsedInput<'runs/epochs'>): EpochReport[] =>
      repository.epochs(repository.get(id).id, after),

    /** Names of the classes, as they entered the texts; labels are indices into them. */
    classes: (id: string): string[] => readJob(repository.get(id).folder).dataset.classNames,

    card(id: string): Output<'runs/card'> {
      const epochs = repository.epochs(id).filter(({ stage }) => stage === 'search')
      const last = epochs.at(-1)
      const searched = last?.stage === 'search' ? last : null
      const run = repository.get(id)
      const markdown = reportRun({
        run,
        result: repository.result(id),
        searched,
        dominanceRatio: dominanceRatio(),
      })
      return { markdown }
    },

    scoredImages: ({ id, ...query }: ParsedInput<'runs/scored-images'>): Output<'runs/scored-images'> =>
      answers.scoredImages(repository.get(id).folder, query),

    /** Where an image of a run lies, also after its dataset was found at another place; null: there is none. */
    imagePath(id: string, split: Split, index: number): string | null {
      const { dataset } = readJob(repository.get(id).folder)
      const image = dataset[split][index]
      return image === undefined ? null : presentPath(dataset, image.path, rootOf(dataset.id))
    },
  }
}
