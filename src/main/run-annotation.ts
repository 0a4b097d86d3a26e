import { existsSync } from 'node:fs'
import { readJson, writeJson } from './files.ts'
import { RunAnnotation, runFiles } from './run-folder.ts'

/** What the owner of a run says about it; nothing, as long as they have not. */
export function readAnnotation(folder: string): RunAnnotation {
  const { annotation } = runFiles(folder)
  return existsSync(annotation) ? readJson(annotation, RunAnnotation) : { notes: '' }
}

/** Changes what the owner of a run says about it; what is not given stays. */
export function annotate(
  folder: string,
  { name, notes }: { name?: string | undefined; notes?: string | undefined },
): RunAnnotation {
  const before = readAnnotation(folder)
  const kept = name ?? before.name
  const after = { ...(kept !== undefined && { name: kept }), notes: notes ?? before.notes }
  writeJson(runFiles(folder).annotation, after)
  return after
}
