import type { Command } from '../command.ts'
import { followRun, runOutcome } from '../follow.ts'

/** Goes on with a run that was paused, cancelled, killed, or has failed. */
export const resume: Command = {
  name: 'resume',
  summary: 'Go on with a run from its last checkpoint, also after a crash or a power cut',
  usage: '<run> [--stop-search] [--batch n] [--rate x]',
  positionals: [1, 1],
  options: {
    'stop-search': { type: 'boolean', help: 'end the search where it is and train with its choice' },
    batch: { type: 'string', value: 'n', help: 'at most so many images at a time, after memory ran out' },
    rate: { type: 'string', value: 'x', help: 'a lower learning rate, after the loss left all bounds' },
  },
  examples: [
    'resume 20260131-1405-flowers-k3fm',
    'resume 20260131-1405-flowers-k3fm --stop-search',
    'resume 20260131-1405-flowers-k3fm --batch 2',
  ],
  access: 'write',
  async run(context, args) {
    const { api, progress } = context
    const id = args.positionals[0]!
    const done = await api.request('runs/epochs', { id })
    const last = done.at(-1)
    const [batchSize, learningRate] = [args.number('batch'), args.number('rate')]
    const adjustment = {
      ...(batchSize !== undefined && { batchSize }),
      ...(learningRate !== undefined && { learningRate }),
    }
    const resumed = await api.request('runs/resume', {
      id,
      stopSearch: args.flag('stop-search'),
      ...(Object.keys(adjustment).length > 0 && { adjustment }),
    })
    progress.line(
      last === undefined ? `Starting ${id}` : `Going on with ${id} after ${last.stage} epoch ${last.epoch}`,
    )
    return await runOutcome(api, await followRun(context, resumed))
  },
}
