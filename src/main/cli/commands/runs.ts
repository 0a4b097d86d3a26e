import type { Command } from '../command.ts'
import { runOutcome } from '../follow.ts'
import { localTime, percent } from '../format.ts'
import { classTable, epochLine } from '../run-view.ts'
import { table } from '../table.ts'

const list: Command = {
  name: 'runs',
  aliases: ['runs list', 'run list'],
  summary: 'List the runs, newest first',
  usage: '',
  positionals: [0, 0],
  options: {},
  examples: ['runs', 'runs --json'],
  access: 'read',
  async run({ api }) {
    const runs = await api.request('runs/list', {})
    const rows = runs.map((run) => [
      run.id,
      run.kind,
      run.status,
      run.datasetName,
      `${run.config.shots} shots, seed ${run.config.seed}`,
      percent(run.zeroShotAccuracy),
      percent(run.accuracy),
      localTime(run.createdAt),
    ])
    const header = ['run', 'kind', 'status', 'dataset', 'setting', 'zero-shot', 'DPL', 'created']
    return {
      json: runs,
      text: rows.length === 0 ? 'None yet. Start one: dplstudio run <folder>' : table([header, ...rows]),
    }
  },
}

const show: Command = {
  name: 'runs show',
  summary: 'Show one run: epochs, result, accuracy of every class, exports',
  usage: '<run>',
  positionals: [1, 1],
  options: {},
  examples: ['runs show 20260131-1405-flowers-k3fm'],
  access: 'read',
  async run({ api }, { positionals }) {
    const id = positionals[0]!
    const run = await api.request('runs/get', { id })
    const result = await api.request('runs/result', { id })
    const epochs = await api.request('runs/epochs', { id })
    const exports = await api.request('runs/exports', { id })
    const evaluation = result.dpl ?? result.supprompt ?? result.zeroShot
    const { text } = await runOutcome(api, run)
    return {
      json: { run, result, epochs, exports },
      text: [
        ...epochs.map(epochLine),
        text,
        ...(evaluation === undefined ? [] : [classTable(evaluation)]),
        ...exports.map(({ folder }) => `  exported to ${folder}`),
        ...(run.error === null ? [] : [`  ${run.error.message}`, `  ${run.error.hint ?? ''}`]),
      ].join('\n'),
    }
  },
}

const remove: Command = {
  name: 'runs delete',
  summary: 'Delete a run with its folder. Exports stay',
  usage: '<run>',
  positionals: [1, 1],
  options: {},
  examples: ['runs delete 20260131-1405-flowers-k3fm'],
  access: 'write',
  async run({ api }, { positionals }) {
    const id = positionals[0]!
    await api.request('runs/delete', { id })
    return { json: { deleted: id }, text: `Deleted ${id}` }
  },
}

const card: Command = {
  name: 'runs card',
  summary: 'Print what a run was made of and what it came to, as Markdown',
  usage: '<run>',
  positionals: [1, 1],
  options: {},
  examples: ['runs card 20260131-1405-flowers-k3fm > card.md'],
  access: 'read',
  async run({ api }, { positionals }) {
    const { markdown } = await api.request('runs/card', { id: positionals[0]! })
    return { json: { markdown }, text: markdown.trimEnd() }
  },
}

const note: Command = {
  name: 'runs note',
  summary: 'Give a run another name, or notes',
  usage: '<run> [--name <name>] [--notes <text>]',
  positionals: [1, 1],
  options: {
    name: { type: 'string', value: 'name', help: 'of the run' },
    notes: { type: 'string', value: 'text', help: 'in place of the notes it has' },
  },
  examples: ['runs note 20260131-1405-flowers-k3fm --name "With new light"'],
  access: 'write',
  async run({ api }, args) {
    const [name, notes] = [args.text('name'), args.text('notes')]
    const run = await api.request('runs/annotate', {
      id: args.positionals[0]!,
      ...(name !== undefined && { name }),
      ...(notes !== undefined && { notes }),
    })
    return { json: run, text: [run.name, ...(run.notes === '' ? [] : [run.notes])].join('\n') }
  },
}

/** Looks at runs that there are. */
export const runsCommands = [list, show, card, note, remove]
