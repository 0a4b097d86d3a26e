import { z } from 'zod'
import { AppError } from '#shared/errors'
import type { ImageItem } from '#shared/schemas/dataset'
import { DatasetEdit } from '#shared/schemas/dataset-edit'
import { RunConfig, type Evaluation } from '#shared/schemas/run'
import type { Command } from '../command.ts'
import { runTask } from '../follow.ts'
import { counted, percent } from '../format.ts'
import { findDataset, imageCounts, parseSplit, selectDataset, selectModel } from '../select.ts'
import { table } from '../table.ts'

const fewShot: Command = {
  name: 'dataset few-shot',
  summary: 'List the very images that a run with a seed and so many shots learns from',
  usage: '<dataset> [--shots n] [--validation-shots n] [--seed n]',
  positionals: [1, 1],
  options: {
    shots: { type: 'string', value: 'n', help: 'training images per class; 16 if not given' },
    'validation-shots': { type: 'string', value: 'n', help: 'at most; 4 if not given' },
    seed: { type: 'string', value: 'n', help: 'of the draw; 1 if not given' },
  },
  examples: ['dataset few-shot flowers --shots 4 --seed 1', 'dataset few-shot flowers --shots 4 --json'],
  access: 'read',
  async run({ api }, args) {
    const dataset = await findDataset(api, args.positionals[0]!)
    const usual = RunConfig.parse({})
    const draw = {
      seed: args.number('seed') ?? usual.seed,
      shots: args.number('shots') ?? usual.shots,
      validationShots: args.number('validation-shots') ?? usual.validationShots,
    }
    const drawn = await api.request('datasets/few-shot', { id: dataset.id, ...draw })
    const rows = (items: readonly ImageItem[]) =>
      items.map(({ path, label, split }) => [`  ${split}`, dataset.classes[label]!.name, path])
    const short = drawn.short.map(
      ({ label, images }) =>
        `${dataset.classes[label]!.name} has ${counted(images, 'training image')} only; all of them are used.`,
    )
    return {
      json: { dataset: dataset.id, fingerprint: dataset.fingerprint, ...draw, ...drawn },
      text: [table([...rows(drawn.train), ...rows(drawn.validation)]), ...short].join('\n'),
    }
  },
}

const edit: Command = {
  name: 'dataset edit',
  summary: 'Change a dataset: rename, merge or exclude classes, move or exclude images. No file is touched',
  usage: '<dataset> <change as JSON> ...',
  positionals: [2, Infinity],
  options: {},
  examples: [
    `dataset edit flowers '{"kind":"rename-class","label":0,"name":"rose"}'`,
    `dataset edit flowers '{"kind":"exclude-images","paths":["rose/017.jpg"]}'`,
  ],
  notes: `Kinds: ${DatasetEdit.options.map(({ shape }) => shape.kind.value).join(', ')}.`,
  access: 'write',
  async run({ api }, { positionals }) {
    const [wanted, ...changes] = positionals
    let dataset = await findDataset(api, wanted!)
    const edits = changes.map(parseEdit)
    for (const change of edits) dataset = await api.request('datasets/edit', { id: dataset.id, edit: change })
    return { json: { dataset }, text: `${dataset.name}: ${imageCounts(dataset)}` }
  },
}

const undo = stepCommand('undo', 'Take back the last change of a dataset: a rename, merge, move, split ...')
const redo = stepCommand('redo', 'Make the last change of a dataset again that was taken back')

function stepCommand(step: 'undo' | 'redo', summary: string): Command {
  return {
    name: `dataset ${step}`,
    summary,
    usage: '<dataset>',
    positionals: [1, 1],
    options: {},
    examples: [`dataset ${step} flowers`],
    access: 'write',
    async run({ api }, { positionals }) {
      const before = await findDataset(api, positionals[0]!)
      const dataset = await api.request(`datasets/${step}`, { id: before.id })
      const { undo, redo } = dataset.history
      return {
        json: { dataset },
        text: [
          `${step === 'undo' ? 'Took back' : 'Done again'}: ${before.history[step] ?? ''}`,
          ...(undo === null ? [] : [`Undo would take back: ${undo}`]),
          ...(redo === null ? [] : [`Redo would do again: ${redo}`]),
        ].join('\n'),
      }
    },
  }
}

const relink: Command = {
  name: 'dataset relink',
  summary: 'Find the images of a dataset below another folder, after they were moved or copied',
  usage: '<dataset> <folder>',
  positionals: [2, 2],
  options: {},
  examples: ['dataset relink flowers /mnt/disk/flowers'],
  access: 'write',
  async run(context, { positionals }) {
    const { api } = context
    const { id } = await findDataset(api, positionals[0]!)
    const { dataset, found, missing, different } = await runTask(context, 'dataset-relink', () =>
      api.request('datasets/relink', { id, root: positionals[1]! }),
    )
    return {
      json: { dataset, found, missing, different },
      text: [
        `Found ${counted(found, 'image')} below ${dataset.root}`,
        ...missing.map((path) => `missing  ${path}`),
        ...different.map((path) => `changed  ${path}`),
      ].join('\n'),
      exitCode: missing.length + different.length === 0 ? 0 : 1,
    }
  },
}

const wording: Command = {
  name: 'dataset wording',
  summary: 'Compare templates by the accuracy of plain CLIP, class by class, without training anything',
  usage: '<dataset> --template <text> [--template <text> ...] [--split validation] [--model <id or path>]',
  positionals: [1, 1],
  options: {
    template: { type: 'string', multiple: true, value: 'text', help: 'with {} for the class name' },
    split: { type: 'string', value: 'split', help: 'train, validation or test; validation if not given' },
    model: { type: 'string', short: 'm', value: 'id or path', help: 'CLIP; the starter if not given' },
  },
  examples: ['dataset wording flowers --template "a {}." --template "a photo of a {}, a type of flower."'],
  access: 'write',
  async run(context, args) {
    const dataset = await selectDataset(context, args.positionals[0]!)
    const model = await selectModel(context, args.text('model'))
    const split = parseSplit(args.text('split') ?? 'validation')
    const templates = [dataset.template, ...args.texts('template')]
    for (const template of templates) checkTemplate(template)
    const prompts = dataset.classes.map(({ prompt }) => prompt)
    const { evaluations } = await runTask(context, 'wording', () =>
      context.api.request('datasets/test-wording', {
        ...{ id: dataset.id, modelId: model.id, split },
        wordings: templates.map((template) => ({ template, prompts })),
      }),
    )
    return {
      json: { dataset: dataset.id, model: model.id, templates, evaluations },
      text: wordingText(templates, evaluations),
    }
  },
}

/** Commands that change a dataset, or tell what a run would make of it. */
export const datasetChangeCommands = [fewShot, edit, undo, redo, relink, wording]

function parseEdit(text: string): DatasetEdit {
  try {
    const parsed = DatasetEdit.safeParse(JSON.parse(text))
    if (parsed.success) return parsed.data
    throw new AppError(
      'invalid-input',
      `${text} is no change of a dataset: ${z.prettifyError(parsed.error)}`,
      {
        hint: 'See the kinds with: dplstudio dataset edit --help',
      },
    )
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    throw new AppError('invalid-input', `${text} is not JSON: ${thrown.message}`, {
      hint: 'Put single quotes around it, and double quotes around names and texts in it.',
    })
  }
}

function checkTemplate(template: string): void {
  if (template.includes('{}')) return
  throw new AppError('invalid-input', `The template "${template}" has no place for the class name`, {
    hint: 'Write {} where it belongs: --template "a photo of a {}."',
  })
}

/** A column per wording, the present one first. */
function wordingText(templates: readonly string[], evaluations: readonly Evaluation[]): string {
  const [{ images, split, classes }] = evaluations as readonly [Evaluation, ...Evaluation[]]
  const rows = classes.map(({ name }, label) => [
    `  ${name}`,
    ...evaluations.map((evaluation) => percent(evaluation.classes[label]!.accuracy)),
  ])
  return [
    ...templates.map((template, number) => `${number + 1}: ${template}${number === 0 ? ' (present)' : ''}`),
    table([
      ['  class', ...templates.map((_, number) => String(number + 1))],
      ...rows,
      ['  all', ...evaluations.map(({ accuracy }) => percent(accuracy))],
    ]),
    `on ${counted(images, `${split} image`)}`,
  ].join('\n')
}
