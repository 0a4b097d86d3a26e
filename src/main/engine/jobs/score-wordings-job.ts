import type { ScoreWordingsJob, JobResult } from '../protocol.ts'
import { evaluateWordings } from '../metrics/wordings.ts'
import { loadModel, passControl, type JobContext } from './job-context.ts'

/** Zero-shot evaluations of several wordings of the same classes; nothing is learned and nothing is written. */
export async function scoreWordingsJob(
  context: JobContext,
  { model: wanted, images, split, wordings }: ScoreWordingsJob,
): Promise<JobResult> {
  const model = await loadModel(context, wanted)
  const control = passControl(context, { stage: 'zero-shot', message: 'Testing wordings' })
  const evaluations = await evaluateWordings(model, wordings, model.images, { images, split }, control)
  return { kind: 'score-wordings', evaluations }
}
