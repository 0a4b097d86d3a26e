import { AppError } from '#shared/errors'
import { inspectClip } from '../clip/model-folder.ts'
import type { Job, JobResult } from '../protocol.ts'
import { describeEngine } from './describe-job.ts'
import { evaluateJob } from './evaluate-job.ts'
import { exportJob } from './export-job.ts'
import { Interrupted, type JobContext } from './job-context.ts'
import { predictJob } from './predict-job.ts'
import { runJob } from './run-job.ts'
import { scoreWordingsJob } from './score-wordings-job.ts'
import { verifyJob } from './verify-job.ts'

/** Runs one job of any kind to its end. A run can end paused or cancelled; anything else interrupted has failed. */
export async function runAnyJob(context: JobContext, job: Job): Promise<JobResult> {
  try {
    return await dispatch(context, job)
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) throw thrown
    throw new AppError('run-cancelled', 'Stopped before it was done.', {
      hint: 'Start it again when you like.',
    })
  }
}

async function dispatch(context: JobContext, job: Job): Promise<JobResult> {
  switch (job.kind) {
    case 'run':
      return runJob(context, job.folder)
    case 'evaluate':
      return evaluateJob(context, job)
    case 'export':
      return exportJob(context, job)
    case 'verify':
      return verifyJob(context, job)
    case 'predict':
      return predictJob(context, job)
    case 'score-wordings':
      return scoreWordingsJob(context, job)
    case 'describe':
      return { kind: 'describe', description: await describeEngine(context.packFolder) }
    case 'inspect-model': {
      const { architecture, digest, source, sizeBytes } = await inspectClip(job.path)
      return { kind: 'inspect-model', architecture, digest, source, sizeBytes }
    }
  }
}
