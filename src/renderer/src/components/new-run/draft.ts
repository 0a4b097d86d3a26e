import { z } from 'zod'
import { nearestPreset } from '#shared/cli-command'
import { differences, presets, type PresetName } from '#shared/presets'
import type { Dataset } from '#shared/schemas/dataset'
import type { Run, RunRequest } from '#shared/schemas/run-record'
import { RunConfig, RunKind } from '#shared/schemas/run'

/** What a run is wanted for. */
export const Goal = z.enum(['quick', 'paper', 'distillation', 'released-code', 'train', 'zero-shot'])
export type Goal = z.infer<typeof Goal>

/** A run that is being put together; what is entered may be wrong for a while. */
export const Draft = z.object({
  goal: Goal,
  kind: RunKind,
  modelId: z.string(),
  seeds: z.array(z.number()),
  name: z.string(),
  config: z.record(z.string(), z.unknown()),
})
export type Draft = Omit<z.infer<typeof Draft>, 'config'> & { config: Partial<RunConfig> }

/** A preset's own number of seeds: a look needs one, a result a mean and a deviation. */
const SEEDS: Readonly<Record<Goal, readonly number[]>> = {
  quick: [1],
  paper: [1, 2, 3],
  distillation: [1, 2, 3],
  'released-code': [1, 2, 3],
  train: [1, 2, 3],
  'zero-shot': [1],
}

export const SHOT_CHOICES = [1, 2, 4, 8, 16] as const

/** The preset whose settings a goal begins with. */
export function presetOf(goal: Goal): PresetName {
  return goal === 'train' || goal === 'zero-shot' ? 'paper' : goal
}

export function kindOf(goal: Goal): RunKind {
  return goal === 'train' || goal === 'zero-shot' ? goal : 'search-and-train'
}

/** What a goal does otherwise than the paper. */
export function differencesToPaper(goal: Goal) {
  return differences(presets.paper, presets[presetOf(goal)])
}

/** A draft with as many shots as every class has, up to the paper's 16. */
export function newDraft(dataset: Dataset, modelId: string): Draft {
  const smallest = Math.min(...dataset.classes.map(({ counts }) => counts.train))
  const shots = SHOT_CHOICES.findLast((count) => count <= smallest) ?? 1
  return {
    goal: 'paper',
    kind: 'search-and-train',
    modelId,
    seeds: [...SEEDS.paper],
    name: '',
    config: { ...presets.paper, shots, template: dataset.template },
  }
}

/** Another goal: its settings, with the data as it was chosen. Seeds follow unless they were chosen too. */
export function withGoal(draft: Draft, goal: Goal): Draft {
  const preset = presets[presetOf(goal)]
  const { shots, validationShots, template } = draft.config
  const hasOwnSeeds = draft.seeds.join() !== SEEDS[draft.goal].join()
  const lengths = goal === 'train' ? draft.config.train?.contextLengths : undefined
  return {
    ...draft,
    goal,
    kind: kindOf(goal),
    seeds: hasOwnSeeds ? draft.seeds : [...SEEDS[goal]],
    config: {
      ...preset,
      ...(shots !== undefined && { shots }),
      ...(validationShots !== undefined && { validationShots }),
      ...(template !== undefined && { template }),
      ...(lengths !== undefined && { train: { ...preset.train, contextLengths: lengths } }),
    },
  }
}

/** What a copied run shall do otherwise. */
export interface Overrides {
  readonly batch?: number | undefined
  readonly rate?: number | undefined
  /** train the lengths that it found */
  readonly trainOnly?: boolean
}

/** The settings of a run once more. */
export function draftFrom({ kind, modelId, config, contextLengths }: Run, overrides: Overrides): Draft {
  const change = {
    ...(overrides.batch !== undefined && { batchSize: overrides.batch }),
    ...(overrides.rate !== undefined && { learningRate: overrides.rate }),
  }
  const onlyTrains = overrides.trainOnly === true || kind === 'train'
  const lengths = overrides.trainOnly === true ? (contextLengths ?? undefined) : config.train.contextLengths
  const train = { ...config.train }
  delete train.contextLengths
  return {
    goal: onlyTrains ? 'train' : kind === 'zero-shot' ? 'zero-shot' : nearestPreset(config),
    kind: onlyTrains ? 'train' : kind,
    modelId,
    seeds: [config.seed],
    name: '',
    config: {
      ...config,
      search: { ...config.search, ...change },
      train: { ...train, ...change, ...(lengths !== undefined && { contextLengths: lengths }) },
    },
  }
}

/** The request of a draft without objections; null with some. The seed is the first. */
export function requestOf(draft: Draft, datasetId: string): RunRequest | null {
  const parsed = RunConfig.safeParse({ ...draft.config, seed: draft.seeds[0] })
  if (!parsed.success || draft.modelId === '') return null
  const name = draft.name.trim()
  return {
    kind: draft.kind,
    datasetId,
    modelId: draft.modelId,
    config: parsed.data,
    ...(name !== '' && { name }),
  }
}

/** Seeds as they are typed: whole, not negative, each once, at most twenty. */
export function areSeeds(seeds: readonly unknown[]): seeds is number[] {
  const isSeed = (seed: unknown) => Number.isInteger(seed) && Number(seed) >= 0
  return seeds.length > 0 && seeds.length <= 20 && seeds.every(isSeed) && new Set(seeds).size === seeds.length
}

/** 2.81 × 10¹⁴, or all digits while there are few. */
export function scientific(value: number): string {
  if (value < 1e6) return value.toLocaleString()
  const exponent = Math.floor(Math.log10(value))
  const raised = String(exponent).replaceAll(/\d/g, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(Number(digit)))
  return `${(value / 10 ** exponent).toFixed(2)} × 10${raised}`
}
