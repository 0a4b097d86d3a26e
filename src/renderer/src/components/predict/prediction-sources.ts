import type { ExportRecord, Run } from '#shared/schemas/run-record'
import { exportObstacle } from '../exports/export-state.ts'

/** Prompts that can be used: of a run by its id, of an export by its folder. */
export interface PredictionSource {
  readonly value: string
  readonly label: string
  readonly detail: string
}

/** Runs with trained prompts, newest first. */
export function runSources(runs: readonly Run[]): PredictionSource[] {
  return runs
    .filter((run) => exportObstacle(run) === null)
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt))
    .map(({ id, name, datasetName }) => ({ value: id, label: name, detail: datasetName }))
}

/** Export folders, newest first. */
export function exportSources(exports: readonly ExportRecord[]): PredictionSource[] {
  return [...exports]
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt))
    .map(({ folder }) => ({
      value: folder,
      label: folder.split(/[\\/]/).at(-1) ?? folder,
      detail: folder,
    }))
}
