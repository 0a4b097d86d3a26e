import type { Command } from '../command.ts'
import { runTask } from '../follow.ts'

/** Writes the prompts of a run for other programs. */
export const exportRun: Command = {
  name: 'export',
  summary: 'Write the prompts of a run, with all that other programs need to use them. No pickle',
  usage: '<run> [--to <folder>]',
  positionals: [1, 1],
  options: {
    to: { type: 'string', value: 'folder', help: 'empty or new; else a new one in the data folder' },
  },
  examples: ['export 20260131-1405-flowers-k3fm', 'export 20260131-1405-flowers-k3fm --to ./flower-prompts'],
  access: 'write',
  async run(context, args) {
    const id = args.positionals[0]!
    const folder = args.text('to')
    const { export: record } = await runTask(context, 'export', () =>
      context.api.request('runs/export', { id, ...(folder !== undefined && { folder }) }),
    )
    return {
      json: record,
      text: [
        record.folder,
        ...record.files.map((file) => `  ${file}`),
        `Check it in a fresh process: dplstudio verify ${record.folder}`,
      ].join('\n'),
    }
  },
}
