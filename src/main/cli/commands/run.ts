import { differences, presets } from '#shared/presets'
import type { RunConfig, RunKind } from '#shared/schemas/run'
import type { Run, RunPlan, RunRequest } from '#shared/schemas/run-record'
import { withSeed } from '#shared/run-groups'
import { AppError } from '#shared/errors'
import type { Arguments, Command, CommandContext, Outcome, OptionSpec } from '../command.ts'
import { followRun, runOutcome } from '../follow.ts'
import { configOptions, flatten, parseContextLengths, readRunConfig } from '../run-config.ts'
import { selectDataset, selectModel } from '../select.ts'
import { seedsOf, seedsText } from '../seeds.ts'
import { table } from '../table.ts'

const subjectOptions = {
  dataset: { type: 'string', short: 'd', value: 'id or path', help: 'also as the first word' },
  model: { type: 'string', short: 'm', value: 'id or path', help: 'a CLIP; the starter if not given' },
  name: { type: 'string', value: 'name', help: 'of the run' },
  seeds: {
    type: 'string',
    value: '1,2,3',
    help: 'one run for each, one after the other; mean and deviation',
  },
  'dry-run': { type: 'boolean', help: 'check everything and print the configuration, but do not start' },
} as const satisfies Record<string, OptionSpec>

const USAGE = '<dataset> [--model <clip>] [--preset <name>] [--set key=value] [--seed n] [--shots n]'

const run: Command = {
  name: 'run',
  summary: 'Search the context lengths of every layer, then train prompts of these lengths',
  usage: USAGE,
  positionals: [0, 1],
  options: { ...subjectOptions, ...configOptions },
  examples: [
    'run ./flowers',
    'run flowers --model ./clip-vit-base-patch16 --preset paper --seed 2',
    'run flowers --preset quick --set search.epochs=5 --set search.options=0,4,8',
    'run flowers --seeds 1,2,3',
    'run flowers --preset released-code --dry-run',
  ],
  access: 'write',
  run: (context, args) =>
    startRun(context, args, 'search-and-train', (template) => readRunConfig(args, { template })),
}

const search: Command = {
  name: 'search',
  summary: 'Only search the context lengths',
  usage: USAGE,
  positionals: [0, 1],
  options: { ...subjectOptions, ...configOptions },
  examples: ['search flowers', 'search flowers --set search.options=0,2,4,6,8'],
  access: 'write',
  run: (context, args) => startRun(context, args, 'search', (template) => readRunConfig(args, { template })),
}

const train: Command = {
  name: 'train',
  summary: 'Only train, with the context lengths of a search or with given ones',
  usage: '[<dataset>] (--from <run> | --context-lengths "text=... image=...") [options]',
  positionals: [0, 1],
  options: {
    ...subjectOptions,
    ...configOptions,
    from: { type: 'string', value: 'run', help: 'a search whose context lengths, data and CLIP to take' },
    'context-lengths': { type: 'string', value: 'lengths', help: 'one per layer: "text=4,2,0 image=2,2,4"' },
  },
  examples: [
    'train --from 20260131-1405-flowers-k3fm',
    'train flowers --context-lengths "text=4,4,2,0 image=2,2,2,6"',
  ],
  access: 'write',
  run: trainWithLengths,
}

const zeroShot: Command = {
  name: 'zeroshot',
  summary: 'Measure plain CLIP, without any training',
  usage: '<dataset> [--model <clip>] [--template "a photo of a {}."]',
  positionals: [0, 1],
  options: { ...subjectOptions, ...configOptions },
  examples: ['zeroshot ./flowers', 'zeroshot flowers --template "a photo of a {}, a type of flower."'],
  access: 'write',
  run: (context, args) =>
    startRun(context, args, 'zero-shot', (template) => readRunConfig(args, { template })),
}

/** Starts runs. */
export const runCommands = [zeroShot, run, search, train]

async function startRun(
  context: CommandContext,
  args: Arguments,
  kind: RunKind,
  configFor: (template?: string) => RunConfig,
  subjects: { dataset?: string | undefined; model?: string | undefined } = {},
): Promise<Outcome> {
  const { api, progress } = context
  const wanted = args.positionals[0] ?? args.text('dataset') ?? subjects.dataset
  if (wanted === undefined)
    throw new AppError('invalid-input', 'Which dataset?', {
      hint: 'Give its id, or a folder of class folders.',
    })
  configFor() // what is wrong with it is told before anything is read
  const model = await selectModel(context, args.text('model') ?? subjects.model)
  const dataset = await selectDataset(context, wanted)
  const name = args.text('name')
  const request = {
    kind,
    datasetId: dataset.id,
    modelId: model.id,
    config: configFor(dataset.template),
    ...(name !== undefined && { name }),
  }
  const plan = await api.request('runs/plan', request)
  const seeds = seedsOf(args)
  if (args.flag('dry-run')) return { json: plan, text: planText(plan) }
  for (const warning of plan.warnings) progress.line(`Note: ${warning}`)
  if (seeds !== null) return await runSeeds(context, request, seeds)
  return await runOutcome(api, await runToEnd(context, request))
}

async function runToEnd(context: CommandContext, request: RunRequest): Promise<Run> {
  const started = await context.api.request('runs/start', request)
  context.progress.line(`Run ${started.id} in ${started.folder}`)
  return await followRun(context, started)
}

/** One run after the other; the first that does not finish is the last. */
async function runSeeds(
  context: CommandContext,
  request: RunRequest,
  seeds: readonly number[],
): Promise<Outcome> {
  const { api, progress } = context
  const runs: Run[] = []
  for (const seed of seeds) {
    progress.line(`Seed ${seed}, ${runs.length + 1} of ${seeds.length}`)
    const run = await runToEnd(context, withSeed(request, seed))
    runs.push(run)
    if (run.status !== 'finished') break
  }
  const last = await runOutcome(api, runs.at(-1)!)
  return { ...last, json: runs, text: `${last.text}\n${seedsText(runs, seeds)}` }
}

async function trainWithLengths(context: CommandContext, args: Arguments): Promise<Outcome> {
  const from = args.text('from')
  const given = args.text('context-lengths')
  const searched = from === undefined ? null : await context.api.request('runs/get', { id: from })
  if (searched !== null && searched.contextLengths === null)
    throw new AppError('invalid-input', `${searched.name} has not chosen its context lengths yet.`, {
      hint: `Finish its search first: dplstudio resume ${searched.id}`,
    })
  // A search's own configuration goes on where the command line says nothing else.
  const contextLengths = given === undefined ? searched?.contextLengths : parseContextLengths(given)
  const configFor = (template?: string) => {
    const own = searched === null ? { template } : { base: searched.config }
    const config = readRunConfig(args, own)
    return contextLengths ? { ...config, train: { ...config.train, contextLengths } } : config
  }
  return await startRun(context, args, 'train', configFor, {
    dataset: searched?.datasetId,
    model: searched?.modelId,
  })
}

function planText({ kind, config, dataset, model, searchSpace, warnings }: RunPlan): string {
  const changed = new Set(differences(presets.paper, config).map(({ field }) => field))
  const rows = flatten(config).map(([field, value]) => [
    `  ${field}`,
    JSON.stringify(value),
    changed.has(field) ? "not the paper's" : '',
  ])
  return [
    table([
      ['run', kind],
      [
        'dataset',
        `${dataset.id}: ${dataset.classes} classes, ${dataset.train} train, ${dataset.validation} validation and ${dataset.test} test images`,
      ],
      ['model', model.name],
      ['search space', searchSpace.toExponential(2).replace(/e\+?/, 'e')],
    ]),
    table(rows),
    ...warnings.map((warning) => `Note: ${warning}`),
  ].join('\n')
}
