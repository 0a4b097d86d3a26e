import type { Command } from '../command.ts'
import { runTask } from '../follow.ts'

/** Rebuilds the database. */
export const reindex: Command = {
  name: 'reindex',
  summary: 'Rebuild the database from the run folders and files of the data folder',
  usage: '',
  positionals: [0, 0],
  options: {},
  examples: ['reindex', 'reindex --data-dir /mnt/stick/dpl-studio'],
  access: 'rebuild',
  async run(context) {
    const { runs, datasets, models, skipped } = await runTask(context, 'reindex', () =>
      context.api.request('index/rebuild', {}),
    )
    return {
      json: { runs, datasets, models, skipped },
      text: [
        `Found ${runs} runs, ${datasets} datasets and ${models} models.`,
        ...skipped.map(({ path, reason }) => `Left out ${path}: ${reason}`),
      ].join('\n'),
    }
  },
}
