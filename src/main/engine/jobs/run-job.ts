import { zeroShotClassifier } from '../metrics/evaluate.ts'
import { zeroShotFeatures } from '../methods/class-texts.ts'
import type { JobResult } from '../protocol.ts'
import { Interrupted, type JobContext } from './job-context.ts'
import { announce, openRun, scoreTestSplit, type RunUnderWay } from './run-under-way.ts'
import { runSearch } from './search-run.ts'
import { runTraining } from './training-run.ts'

/**
 * Runs whatever the run in a folder still lacks: zero-shot accuracy, search, training. Everything finished is in the
 * folder before it is announced, so that a process killed at any moment can be followed by another.
 */
export async function runJob(context: JobContext, folder: string): Promise<JobResult> {
  const run = await openRun(context, folder)
  try {
    await scoreZeroShot(run)
    if (run.job.kind === 'search' || run.job.kind === 'search-and-train') await runSearch(run)
    if (run.job.kind === 'train' || run.job.kind === 'search-and-train') await runTraining(run)
    return { kind: 'run', status: 'finished', result: run.result }
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) throw thrown
    return { kind: 'run', status: thrown.how === 'pause' ? 'paused' : 'cancelled', result: run.result }
  }
}

async function scoreZeroShot(run: RunUnderWay): Promise<void> {
  if (run.result.zeroShot !== undefined) return
  const { clip } = run.model
  const { classNames } = run.job.dataset
  const features = zeroShotFeatures(run.model, { classNames, template: run.job.config.template })
  try {
    const classifier = zeroShotClassifier(clip, classNames, features)
    announce(run, 'zero-shot', await scoreTestSplit(run, 'zero-shot', classifier))
  } finally {
    features.dispose()
  }
}
