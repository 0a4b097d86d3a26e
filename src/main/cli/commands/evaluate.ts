import { Split } from '#shared/schemas/dataset'
import type { Command } from '../command.ts'
import { runTask } from '../follow.ts'
import { percent } from '../format.ts'
import { classTable } from '../run-view.ts'
import { parseSplit, selectDataset } from '../select.ts'

/** Scores trained prompts over a split of their own or of another dataset. */
export const evaluate: Command = {
  name: 'eval',
  aliases: ['evaluate'],
  summary: 'Measure the prompts of a run on a split of its dataset, or of another one with the same classes',
  usage: '<run> [--split test] [--dataset <id or path>]',
  positionals: [1, 1],
  options: {
    split: { type: 'string', value: 'split', help: `${Split.options.join(', ')}; test if not given` },
    dataset: { type: 'string', short: 'd', value: 'id or path', help: "another one than the run's" },
  },
  examples: ['eval 20260131-1405-flowers-k3fm', 'eval 20260131-1405-flowers-k3fm --dataset ./more-flowers'],
  access: 'write',
  async run(context, args) {
    const id = args.positionals[0]!
    const split = parseSplit(args.text('split') ?? 'test')
    const wanted = args.text('dataset')
    const dataset = wanted === undefined ? undefined : await selectDataset(context, wanted)
    const { evaluation } = await runTask(context, 'evaluate', () =>
      context.api.request('runs/evaluate', { id, split, ...(dataset && { datasetId: dataset.id }) }),
    )
    const { accuracy, macroF1, images } = evaluation
    return {
      json: { runId: id, dataset: dataset?.id ?? null, evaluation },
      text: `${percent(accuracy)} of ${images} ${split} images, macro-F1 ${percent(macroF1)}\n${classTable(evaluation)}`,
    }
  },
}
