import type { PredictionRecord } from '#shared/schemas/prediction-record'

/** What the user has set on the left of Predict. */
export interface PredictChoices {
  /** id of a run, folder of an export, or `OTHER_FOLDER` */
  readonly source: string
  readonly folder: string
  readonly modelId: string
  readonly top: number
  readonly threshold: number
  readonly csv: string
}

/** An export folder that is not in the list. */
export const OTHER_FOLDER = ':other'
/** The weights that the prompts were trained with. */
export const OWN_MODEL = ':own'

export const DEFAULT_CHOICES: PredictChoices = {
  source: '',
  folder: '',
  modelId: OWN_MODEL,
  top: 5,
  threshold: 0.5,
  csv: '',
}

/** What `predictions/start` is asked with; null while something is missing. */
export function predictRequest(
  { source, folder, modelId, top, csv }: PredictChoices,
  paths: readonly string[],
) {
  const from = source === OTHER_FOLDER ? folder.trim() : source
  if (from === '' || paths.length === 0) return null
  return {
    source: from,
    paths: [...paths],
    top,
    ...(csv.trim() !== '' && { csv: csv.trim() }),
    ...(modelId !== OWN_MODEL && { modelId }),
  }
}

/** A pass that was broken off goes on where its CSV file ends; without a file nothing is known of it. */
export function canContinue({ csv, state }: PredictionRecord): boolean {
  return csv !== null && ['interrupted', 'cancelled', 'failed'].includes(state)
}
