import { AppError } from '#shared/errors'
import type { Prediction } from '#shared/schemas/results'
import type { Command } from '../command.ts'
import { runTask } from '../follow.ts'
import { counted, percent } from '../format.ts'
import { table } from '../table.ts'

/** Classifies pictures. */
export const predict: Command = {
  name: 'predict',
  summary: 'Classify images, or all images below a folder, with the prompts of a run or an export',
  usage: '<image or folder>... --with <run or export folder> [--csv <file>] [--top n]',
  positionals: [1, Number.MAX_SAFE_INTEGER],
  options: {
    with: {
      type: 'string',
      short: 'w',
      value: 'run or export',
      help: 'the prompts; the newest run if not given',
    },
    csv: {
      type: 'string',
      value: 'file',
      help: 'write a row per image; a second start goes on where it ended',
    },
    top: { type: 'string', value: 'n', help: 'how many classes per image; 5 if not given' },
  },
  examples: [
    'predict photo.jpg --with 20260131-1405-flowers-k3fm',
    'predict ./photos --with ./exports/flowers --csv predictions.csv',
  ],
  access: 'write',
  async run(context, args) {
    const { api } = context
    const source = args.text('with') ?? (await newestTrained(api))
    const csv = args.text('csv')
    const top = args.number('top')
    const {
      predictions,
      scored,
      failed,
      skipped,
      csv: file,
    } = await runTask(context, 'predict', () =>
      api.request('predictions/start', {
        source,
        paths: [...args.positionals],
        ...(csv !== undefined && { csv }),
        ...(top !== undefined && { top }),
      }),
    )
    const summary = [
      `${counted(scored, 'image')} classified`,
      ...(skipped > 0 ? [`${skipped} already in the file`] : []),
      ...(failed > 0 ? [`${failed} not readable`] : []),
      ...(file === null ? [] : [`written to ${file}`]),
    ].join(', ')
    return {
      json: { source, scored, failed, skipped, csv: file, predictions },
      text: file === null ? `${table(predictions.map(row))}\n${summary}` : summary,
    }
  },
}

async function newestTrained(api: Parameters<Command['run']>[0]['api']): Promise<string> {
  const trained = (await api.request('runs/list', {})).find(({ accuracy }) => accuracy !== null)
  if (trained !== undefined) return trained.id
  throw new AppError('invalid-input', 'There are no trained prompts to classify with.', {
    hint: 'Give an export folder or a run: --with <run or export folder>',
  })
}

function row({ path, error, classes }: Prediction): string[] {
  if (error !== undefined) return [path, `not readable: ${error}`]
  return [path, ...classes.map(({ name, probability }) => `${name} ${percent(probability)}`)]
}
