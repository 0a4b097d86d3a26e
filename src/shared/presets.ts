import { RunConfig } from './schemas/run.ts'

/** The released code's values, where they differ from the paper's (the D-numbers name the difference). */
const asReleased = {
  search: {
    epochs: 80, // D5
    mixing: 'attention', // D1
    options: [0, 1, 2, 3, 4, 5, 6], // D2
    alphaOptimizer: 'adam', // D3
    validationBatches: 'first', // D6
    validationBatchSize: 16, // D7
    promptInitialisation: 'as-released', // D13
  },
  train: {
    textInput: 'token-ensemble', // D14
    swapBranches: true, // D10: the two alpha files were saved under each other's name
    distillation: { lambda: 0, reduction: 'element-mean', teacherText: 'last-template' }, // D18, D19, D21
  },
} as const

/**
 * Small enough for a first look on two processor cores: minutes instead of hours. Alpha waits until the prompts have
 * learned something; so few epochs would otherwise rank random prompts and keep none.
 */
const quick = {
  search: {
    epochs: 10,
    batchSize: 8,
    options: [0, 1, 2, 4],
    mixing: 'attention',
    validationBatchSize: 8,
    alphaOptimizer: 'adam',
    alphaLearningRate: 0.03,
    alphaFrozenEpochs: 4,
  },
  train: { epochs: 15, batchSize: 8, validateEvery: 5 },
} as const

/**
 * The paper's DPL + KD row. Its main text gives no λ; with 1, the pull towards the zero-shot answers counts as much as
 * the labels, which is what a sum of two losses means without one.
 */
const distillation = { train: { distillation: { enabled: true, lambda: 1 } } } as const

/** Complete configurations by name. `paper` is the default of every field. */
export const presets = {
  paper: RunConfig.parse({}),
  distillation: RunConfig.parse(distillation),
  'released-code': RunConfig.parse(asReleased),
  quick: RunConfig.parse(quick),
} as const
export type PresetName = keyof typeof presets

/** What separates two configurations: dotted field names with both values, in the order of the fields. */
export function differences(from: RunConfig, to: RunConfig): { field: string; from: unknown; to: unknown }[] {
  return compare('', from, to)
}

function compare(prefix: string, from: object, to: object): { field: string; from: unknown; to: unknown }[] {
  const before = new Map<string, unknown>(Object.entries(from))
  const after = new Map<string, unknown>(Object.entries(to))
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const [a, b] = [before.get(key), after.get(key)]
    if (isRecord(a) && isRecord(b)) return compare(`${prefix}${key}.`, a, b)
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ field: `${prefix}${key}`, from: a, to: b }]
  })
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
