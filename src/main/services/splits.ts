import { createHash } from 'node:crypto'
import { AppError } from '#shared/errors'
import { SplitFractions, type DatasetImage, type Split, type SplitCounts } from '#shared/schemas/dataset'

/** Shares of the CoOp datasets that came without a split. */
export const DEFAULT_FRACTIONS: SplitFractions = { train: 0.5, validation: 0.2, test: 0.3 }
/** Where only the validation images are missing, they are taken from the training images at CoOp's 80 : 20. */
const VALIDATION_SHARE = 0.2

const SPLITS: readonly Split[] = ['train', 'validation', 'test']

/** What deciding on splits needs to know of an image. */
export type Splittable = Pick<DatasetImage, 'path' | 'label' | 'group'>

export interface SplitRequest {
  seed: number
  fractions: SplitFractions
}

/**
 * A split of the images, class by class in the given fractions (rounded half to even, the rest to the test
 * split), with at least one image in every wanted split where a class has three. Images of one group, copies
 * of a picture, stay together, and then the fractions are met as nearly as they allow.
 *
 * Every image is placed by a hash of seed and path: the same whatever the order of the images, and
 * images that are added later hardly move the others.
 *
 * @param given splits that stand; the other images (null) are distributed so that the whole meets the fractions
 */
export function makeSplit(
  images: readonly Splittable[],
  { seed, fractions }: SplitRequest,
  given: readonly (Split | null)[] = [],
): Split[] {
  checkFractions(fractions)
  const result = withGroupMates(images, given)
  const groups = groupMembers(images)
  for (const members of byLabel(images)) {
    const quotas = quotasFor(members.length, fractions)
    const filled = countSplits(members.flatMap((index) => result[index] ?? []))
    const open = members.filter((index) => result[index] === null)
    const units = unitsOf(images, open, groups, seed)
    units.forEach((unit, placed) => {
      const split = chooseSplit(quotas, filled, units.length - placed)
      // Copies in other classes go along; they count when it is their class's turn.
      for (const index of unit) result[index] = split
      filled[split] += unit.filter((index) => images[index]!.label === images[members[0]!]!.label).length
    })
  }
  return result as Split[] // every image is a member of one class
}

export interface CompletedSplit {
  splits: Split[]
  origin: 'source' | 'seeded' | 'completed'
  /** splits that the source does not have */
  missing: Split[]
}

/**
 * Makes the splits that a source leaves open. Train with nothing but validation images: these become the test
 * split, as with ImageNet, because without one nothing can be measured. No validation images: they are
 * taken from train. Fewer than two splits, or no train: the split is made anew.
 */
export function completeSplit(
  images: readonly Splittable[],
  found: readonly (Split | null)[],
  request: SplitRequest,
): CompletedSplit {
  const missing = SPLITS.filter((split) => !found.includes(split))
  if (missing.length > 1 || missing.includes('train'))
    return { splits: makeSplit(images, request), origin: 'seeded', missing }

  const standing = found.map((split) =>
    missing.includes('test') && split === 'validation' ? ('test' as const) : split,
  )
  if (missing.length > 0) takeValidation(images, standing, request.seed)
  const origin = missing.length > 0 || found.includes(null) ? 'completed' : 'source'
  return { splits: makeSplit(images, request, standing), origin, missing }
}

export interface SplitPreview {
  classes: {
    name: string
    counts: SplitCounts
    /** first paths of each split */ examples: Record<Split, string[]>
  }[]
  counts: SplitCounts
}

/** What a split would look like; nothing is stored. `images` keep their order in the examples. */
export function previewSplit({ seed, fractions, ...shown }: SplitRequest & Shown<Splittable>): SplitPreview {
  return describeSplit({ ...shown, splits: makeSplit(shown.images, { seed, fractions }) })
}

interface Shown<Item> {
  classes: readonly { name: string }[]
  images: readonly Item[]
  /** how many paths per class and split; 3 if not given */
  examples?: number
}

/** What a split looks like that is there. */
export function describeSplit({
  classes,
  images,
  splits,
  examples = 3,
}: Shown<Pick<Splittable, 'path' | 'label'>> & { splits: readonly Split[] }): SplitPreview {
  const rows = classes.map(({ name }): SplitPreview['classes'][number] => ({
    name,
    counts: countSplits([]),
    examples: { train: [], validation: [], test: [] },
  }))
  images.forEach((image, index) => {
    const [row, split] = [rows[image.label]!, splits[index]!]
    row.counts[split]++
    if (row.examples[split].length < examples) row.examples[split].push(image.path)
  })
  return { classes: rows, counts: countSplits(splits) }
}

/** How many of each. */
export function countSplits(splits: readonly Split[]): SplitCounts {
  const counts = { train: 0, validation: 0, test: 0 }
  for (const split of splits) counts[split]++
  return counts
}

function checkFractions(fractions: SplitFractions): void {
  if (SplitFractions.safeParse(fractions).success) return
  const { train, validation, test } = fractions
  throw new AppError(
    'invalid-input',
    `Images cannot be split into ${train} train, ${validation} validation and ${test} test.`,
    { hint: 'Give fractions that add up to 1, with something left for train, for example 0.5, 0.2 and 0.3.' },
  )
}

/** Moves a share of the training images to validation. */
function takeValidation(images: readonly Splittable[], splits: (Split | null)[], seed: number): void {
  const train = images.flatMap((_, index) => (splits[index] === 'train' ? [index] : []))
  const fractions = { train: 1 - VALIDATION_SHARE, validation: VALIDATION_SHARE, test: 0 }
  const parts = makeSplit(
    train.map((index) => images[index]!),
    { seed, fractions },
  )
  train.forEach((index, position) => {
    splits[index] = parts[position]!
  })
}

/** The given splits, spread to the copies of images that have one. */
function withGroupMates(images: readonly Splittable[], given: readonly (Split | null)[]): (Split | null)[] {
  const ofGroup = new Map<number, Split>()
  images.forEach(({ group }, index) => {
    const split = given[index] ?? null
    if (group !== null && split !== null && !ofGroup.has(group)) ofGroup.set(group, split)
  })
  return images.map(({ group }, index) => given[index] ?? ofGroup.get(group ?? -1) ?? null)
}

function groupMembers(images: readonly Splittable[]): Map<number, number[]> {
  const members = new Map<number, number[]>()
  images.forEach(({ group }, index) => {
    if (group !== null) pushTo(members, group, index)
  })
  return members
}

function byLabel(images: readonly Splittable[]): number[][] {
  const members = new Map<number, number[]>()
  images.forEach(({ label }, index) => pushTo(members, label, index))
  return [...members.entries()].sort(([a], [b]) => a - b).map(([, indices]) => indices)
}

function pushTo(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

function quotasFor(count: number, fractions: SplitFractions): SplitCounts {
  const train = Math.max(1, roundHalfEven(count * fractions.train))
  const validation = Math.min(count - train, roundHalfEven(count * fractions.validation))
  const quotas = { train, validation, test: count - train - validation }
  if (fractions.test === 0) {
    quotas.validation += quotas.test
    quotas.test = 0
  }
  const wanted = SPLITS.filter((split) => fractions[split] > 0)
  for (const split of wanted) {
    const largest = wanted.reduce((best, other) => (quotas[other] > quotas[best] ? other : best))
    if (quotas[split] > 0 || quotas[largest] < 2) continue
    quotas[split]++
    quotas[largest]--
  }
  return quotas
}

/** What must be placed together, the larger units first because they are the hardest to fit, then by hash. */
function unitsOf(
  images: readonly Splittable[],
  open: readonly number[],
  groups: ReadonlyMap<number, number[]>,
  seed: number,
): number[][] {
  const units = new Set(open.map((index) => groups.get(images[index]!.group ?? -1) ?? [index]))
  return [...units]
    .map((unit) => {
      const key = unit
        .map((index) => images[index]!.path)
        .reduce((first, path) => (path < first ? path : first))
      return { unit, hash: createHash('sha256').update(`${seed}\0${key}`).digest('hex') }
    })
    .sort((a, b) => b.unit.length - a.unit.length || (a.hash < b.hash ? -1 : 1))
    .map(({ unit }) => unit)
}

/** The split that lacks most; but what is still empty comes first once the units left are just enough for it. */
function chooseSplit(quotas: SplitCounts, filled: SplitCounts, unitsLeft: number): Split {
  const empty = SPLITS.filter((split) => quotas[split] > 0 && filled[split] === 0)
  const eligible = empty.length >= unitsLeft ? empty : SPLITS.filter((split) => quotas[split] > 0)
  const lack = (split: Split) => quotas[split] - filled[split]
  return eligible.reduce((best, split) => (lack(split) > lack(best) ? split : best))
}

/** As Python rounds, so that class sizes equal those of the published splits. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (Math.abs(rest - 0.5) < 1e-9) return floor + (floor % 2)
  return Math.round(value)
}
