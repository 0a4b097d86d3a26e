import type { JobModel } from '#main/run-folder'
import { readExport } from '../export/export-folder.ts'
import { verifyExport } from '../export/verification.ts'
import type { JobResult } from '../protocol.ts'
import { loadModel, passControl, type JobContext } from './job-context.ts'

/** Scores an export's test images anew and compares with the answers it carries. */
export async function verifyJob(
  context: JobContext,
  { exportFolder, model: { path, digest } }: { exportFolder: string; model: JobModel },
): Promise<JobResult> {
  const model = await loadModel(context, { path, digest })
  const exported = await readExport(exportFolder, model.clip)
  const control = passControl(context, { stage: 'verify', message: 'Scoring test images with the export' })
  const atMost = Number.MAX_SAFE_INTEGER
  const verification = await verifyExport(
    exported,
    { reader: model, source: model.images },
    { atMost },
    control,
  )
  return { kind: 'verify', verification }
}
