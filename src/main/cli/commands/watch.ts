import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#shared/errors'
import type { Command, CommandContext, Outcome } from '../command.ts'
import { createRunView, hasEnded, runOutcome } from '../follow.ts'

const INTERVAL_MS = 500

/** Follows a run that another process is at work on, through the index that it writes to. */
export const watch: Command = {
  name: 'watch',
  summary: 'Follow a run of another process: epochs, chosen context lengths, and the result',
  usage: '<run> | --last',
  positionals: [0, 1],
  options: { last: { type: 'boolean', help: 'the newest run' } },
  examples: ['watch 20260131-1405-flowers-k3fm', 'watch --last', 'watch --last --json'],
  access: 'read',
  async run(context, args) {
    const id = args.positionals[0] ?? (args.flag('last') ? await newestRun(context) : undefined)
    if (id === undefined)
      throw new AppError('invalid-input', 'Which run?', { hint: 'Give its id, or --last.' })
    return await follow(context, id)
  },
}

async function newestRun({ api }: CommandContext): Promise<string> {
  const [newest] = await api.request('runs/list', {})
  if (newest === undefined) throw new AppError('not-found', 'There are no runs yet')
  return newest.id
}

async function follow({ api, progress, signal }: CommandContext, id: string): Promise<Outcome> {
  let run = await api.request('runs/get', { id })
  const view = createRunView(progress, run)
  progress.line(`${run.name}: ${run.kind} of ${run.datasetName} with ${run.modelName}, ${run.status}`)
  let after: { stage: 'search' | 'train'; epoch: number } | undefined
  for (;;) {
    // The state first: epochs that are stored between the two questions are seen, not missed.
    run = await api.request('runs/get', { id })
    const reports = await api.request('runs/epochs', { id, ...(after !== undefined && { after }) })
    for (const report of reports) {
      after = { stage: report.stage, epoch: report.epoch }
      view.onEpoch(report)
    }
    if (hasEnded(run) || signal.aborted) break
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined)
  }
  progress.clear()
  const outcome = await runOutcome(api, run)
  return { ...outcome, ...(!hasEnded(run) && { text: `${run.name} goes on.`, exitCode: 130 }) }
}
