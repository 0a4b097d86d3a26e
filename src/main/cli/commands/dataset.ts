import { AppError } from '#shared/errors'
import { DatasetSource, SplitFractions, type Dataset, type ImportProblem } from '#shared/schemas/dataset'
import type { Arguments, Command } from '../command.ts'
import { runTask } from '../follow.ts'
import { counted, localTime } from '../format.ts'
import { findDataset, imageCounts, selectDataset } from '../select.ts'
import { table } from '../table.ts'
import { datasetChangeCommands } from './dataset-change.ts'

const splitOptions = {
  seed: { type: 'string', value: 'n', help: 'of the split' },
  fractions: {
    type: 'string',
    value: 'a,b,c',
    help: 'shares of train, validation and test, such as 0.5,0.2,0.3',
  },
} as const

const importDataset: Command = {
  name: 'dataset import',
  summary: 'Import a folder of class folders, train/val/test folders, a CSV/JSON manifest, or a CoOp split',
  usage: '<folder or file> [--name <name>] [--images <folder>] [--fractions a,b,c] [--seed n]',
  positionals: [1, 1],
  options: {
    name: { type: 'string', value: 'name', help: 'what to call it; else the name of the folder' },
    images: { type: 'string', value: 'folder', help: 'where the paths of a manifest or split file start' },
    source: { type: 'string', value: 'kind', help: `${DatasetSource.options.join(', ')}; else found out` },
    columns: { type: 'string', value: 'path,label[,split]', help: 'headers of a CSV file that are not ours' },
    ...splitOptions,
  },
  examples: [
    'dataset import ./flowers',
    'dataset import ./flowers --fractions 0.6,0.2,0.2 --seed 3',
    'dataset import split_zhou_OxfordPets.json --images ./oxford_pets/images',
    'dataset import photos.csv --columns file,species',
  ],
  access: 'write',
  async run(context, args) {
    const { dataset, known } = await runTask(context, 'dataset-import', () =>
      context.api.request('datasets/import', importInput(args)),
    )
    return { json: { dataset, known }, text: describe(dataset) }
  },
}

const list: Command = {
  name: 'dataset list',
  summary: 'List the datasets',
  usage: '',
  positionals: [0, 0],
  options: {},
  examples: ['dataset list'],
  access: 'read',
  async run({ api }) {
    const datasets = await api.request('datasets/list', {})
    const rows = datasets.map((dataset) => [
      dataset.id,
      imageCounts(dataset),
      localTime(dataset.importedAt),
      dataset.importedFrom,
    ])
    return {
      json: datasets,
      text: rows.length === 0 ? 'None yet. Import one: dplstudio dataset import <folder>' : table(rows),
    }
  },
}

const show: Command = {
  name: 'dataset show',
  summary: 'Show the classes, splits and problems of a dataset; --check compares its files with the import',
  usage: '<dataset> [--check]',
  positionals: [1, 1],
  options: { check: { type: 'boolean', help: 'look for images that have changed or are missing' } },
  examples: ['dataset show flowers', 'dataset show flowers --check'],
  access: 'read',
  async run(context, args) {
    const { api } = context
    const dataset = await findDataset(context.api, args.positionals[0]!)
    if (!args.flag('check')) return { json: { dataset }, text: describe(dataset) }
    const { unchanged, changed, missing } = await runTask(context, 'dataset-check', () =>
      api.request('datasets/check', { id: dataset.id }),
    )
    const files = unchanged
      ? 'All images are as they were imported.'
      : [...missing.map((path) => `missing  ${path}`), ...changed.map((path) => `changed  ${path}`)].join(
          '\n',
        )
    return {
      json: { dataset, check: { unchanged, changed, missing } },
      text: `${describe(dataset)}\n${files}`,
      exitCode: unchanged ? 0 : 1,
    }
  },
}

const split: Command = {
  name: 'dataset split',
  summary: 'Preview a new split; --save makes it, --write writes the present one as a CoOp split file',
  usage: '<dataset> [--fractions a,b,c] [--seed n] [--save] [--write <file>]',
  positionals: [1, 1],
  options: {
    ...splitOptions,
    save: { type: 'boolean', help: 'replace the split of the dataset' },
    write: { type: 'string', value: 'file', help: 'write the split as CoOp JSON' },
  },
  examples: [
    'dataset split flowers --seed 2',
    'dataset split flowers --seed 2 --save',
    'dataset split flowers --write split.json',
  ],
  access: 'write',
  async run(context, args) {
    const { api } = context
    const { id, split: present } = await selectDataset(context, args.positionals[0]!)
    const request = {
      id,
      seed: args.number('seed') ?? present.seed,
      fractions: parseFractions(args.text('fractions')) ?? present.fractions,
    }
    const preview = await api.request('datasets/preview-split', request)
    if (args.flag('save')) await api.request('datasets/resplit', request)
    const path = args.text('write')
    if (path !== undefined) await api.request('datasets/write-coop-split', { id, path })
    const rows = preview.classes.map(({ name, counts }) => [
      `  ${name}`,
      counts.train,
      counts.validation,
      counts.test,
    ])
    const { counts } = preview
    return {
      json: { ...preview, ...request, saved: args.flag('save'), written: path ?? null },
      text: [
        table([
          ['  class', 'train', 'validation', 'test'],
          ...rows,
          ['  all', counts.train, counts.validation, counts.test],
        ]),
        args.flag('save') ? 'Saved.' : 'Only a preview; make it with --save.',
        ...(path === undefined ? [] : [`Wrote the present split to ${path}`]),
      ].join('\n'),
    }
  },
}

const remove: Command = {
  name: 'dataset remove',
  summary: 'Forget a dataset. Its images and its runs stay',
  usage: '<dataset>',
  positionals: [1, 1],
  options: {},
  examples: ['dataset remove flowers'],
  access: 'write',
  async run({ api }, { positionals }) {
    const { id } = await findDataset(api, positionals[0]!)
    await api.request('datasets/remove', { id })
    return { json: { removed: id }, text: `Removed ${id}. No image was touched.` }
  },
}

/** Manages datasets. */
export const datasetCommands = [importDataset, list, show, split, ...datasetChangeCommands, remove]

function importInput(args: Arguments) {
  const [name, imageRoot, source, columns] = ['name', 'images', 'source', 'columns'].map((option) =>
    args.text(option),
  )
  const [seed, fractions] = [args.number('seed'), parseFractions(args.text('fractions'))]
  return {
    path: args.positionals[0]!,
    ...(name !== undefined && { name }),
    ...(imageRoot !== undefined && { imageRoot }),
    ...(source !== undefined && { source: parseSource(source) }),
    ...(columns !== undefined && { columns: parseColumns(columns) }),
    ...(seed !== undefined && { splitSeed: seed }),
    ...(fractions !== undefined && { fractions }),
  }
}

function parseSource(text: string): DatasetSource {
  const parsed = DatasetSource.safeParse(text)
  if (parsed.success) return parsed.data
  throw new AppError('invalid-input', `${text} is no kind of source`, {
    hint: `Choose from: ${DatasetSource.options.join(', ')}`,
  })
}

function parseColumns(text: string): { path: string; label: string; split?: string } {
  const [path, label, split, ...rest] = text.split(',').map((name) => name.trim())
  if (!path || !label || rest.length > 0)
    throw new AppError('invalid-input', `--columns needs two or three names, not "${text}"`, {
      hint: 'For example: --columns file,species or --columns file,species,subset',
    })
  return { path, label, ...(split !== undefined && { split }) }
}

function parseFractions(text: string | undefined): SplitFractions | undefined {
  if (text === undefined) return undefined
  const [train, validation, test, ...rest] = text.split(',').map(Number)
  const parsed = SplitFractions.safeParse({ train, validation, test })
  if (parsed.success && rest.length === 0) return parsed.data
  throw new AppError('invalid-input', `"${text}" are no shares of train, validation and test`, {
    hint: 'Give three numbers that add up to 1: --fractions 0.5,0.2,0.3',
  })
}

function describe(dataset: Dataset): string {
  const { id, name, importedFrom, fingerprint, classes, report } = dataset
  const rows = classes.map(({ name, prompt, counts }) => [
    `  ${name}`,
    prompt,
    counts.train,
    counts.validation,
    counts.test,
  ])
  return [
    table([
      ['dataset', `${id} (${name})`],
      ['from', importedFrom],
      ['images', imageCounts(dataset)],
      ['template', dataset.template],
      ...excludedRows(dataset),
      ['fingerprint', fingerprint.slice(0, 16)],
    ]),
    table([['  class', 'prompt', 'train', 'validation', 'test'], ...rows]),
    ...problemLines(report.problems, report.excluded),
  ].join('\n')
}

function excludedRows({ excluded: { images, classes } }: Dataset): string[][] {
  const parts = [
    ...(images === 0 ? [] : [counted(images, 'image')]),
    ...classes.map((cls) => `class ${cls.name} with ${counted(cls.images, 'image')}`),
  ]
  return parts.length === 0 ? [] : [['left out', parts.join(', ')]]
}

function problemLines(problems: readonly ImportProblem[], excluded: number): string[] {
  if (problems.length === 0) return ['No problems found.']
  const lines = problems.map(
    ({ severity, message, consequence, remedy, paths }) =>
      `  ${severity}: ${message}${paths[0] === undefined ? '' : ` (${paths[0]}${paths.length > 1 ? ', ...' : ''})`}\n    ${consequence} ${remedy}`,
  )
  const left = excluded === 0 ? '' : `, ${counted(excluded, 'image')} left out`
  return [`${counted(problems.length, 'problem')}${left}:`, ...lines]
}
