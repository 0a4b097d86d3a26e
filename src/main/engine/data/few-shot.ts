import { AppError } from '#shared/errors'
import { createRandom, type Random } from '../tensor/random.ts'

/** Anything with a class; the order of a list of them decides what a seed draws. */
interface Labelled {
  readonly label: number
}

export interface FewShotRequest<Item> {
  /** all images of the split, in the order of the dataset */
  train: readonly Item[]
  validation: readonly Item[]
  /** training images per class */
  shots: number
  /** validation images per class; never more than `shots` are drawn */
  validationShots?: number
  seed: number
  /** where the images that alpha learns from come from */
  alphaData?: 'validation' | 'train-halves'
}

export interface FewShot<Item> {
  train: Item[]
  validation: Item[]
}

/**
 * Draws the labelled images of a run, the same ones for every method: per class `shots` of the train list
 * and at most four (`validationShots`) of the validation list; a class with fewer gives all it has. Lists
 * drawn from a published split equal those of the published experiments, image by image.
 *
 * With 'train-halves' no further label is spent: half of the shots of each class serve as validation images.
 */
export function drawFewShot<Item extends Labelled>(request: FewShotRequest<Item>): FewShot<Item> {
  const { train, validation, shots, validationShots = 4, seed, alphaData = 'validation' } = request
  checkCount('shots', shots)
  checkCount('validationShots', validationShots)
  // One stream for both lists: the validation images depend on how many numbers the train list took.
  const random = createRandom(seed)
  const drawn = drawByLabel(random, train, shots)
  if (alphaData === 'train-halves') return halves(drawn, shots)
  return {
    train: drawn.flat(),
    validation: drawByLabel(random, validation, Math.min(shots, validationShots)).flat(),
  }
}

/** From an old label to the label within a part of the classes. */
export type LabelMap = ReadonlyMap<number, number>

/** Halves the classes, by ascending label, for base-to-new generalisation; the larger half is the base. */
export function baseToNew(labels: readonly number[]): { base: LabelMap; new: LabelMap } {
  const classes = [...new Set(labels)].sort((a, b) => a - b)
  const half = Math.ceil(classes.length / 2)
  const relabelled = (part: readonly number[]) => new Map(part.map((label, index) => [label, index]))
  return { base: relabelled(classes.slice(0, half)), new: relabelled(classes.slice(half)) }
}

/** The items of the classes in the map, with their new labels. Draw few-shot lists first, restrict second. */
export function restrictTo<Item extends Labelled>(items: readonly Item[], labels: LabelMap): Item[] {
  return items.flatMap((item) => {
    const label = labels.get(item.label)
    return label === undefined ? [] : [{ ...item, label }]
  })
}

function checkCount(name: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return
  throw new AppError('invalid-input', `${name} is ${count}, so there is nothing to learn from.`, {
    hint: `Set ${name} to a whole number of images per class, 1 or more.`,
  })
}

/** One list of drawn items per label, labels in the order in which they first appear. */
function drawByLabel<Item extends Labelled>(random: Random, items: readonly Item[], count: number): Item[][] {
  return [...groupByLabel(items).values()].map((group) =>
    // A class that is too small is taken as it stands and uses up no random numbers.
    group.length < count ? group : random.sample(group.length, count).map((index) => group[index]!),
  )
}

function groupByLabel<Item extends Labelled>(items: readonly Item[]): Map<number, Item[]> {
  const groups = new Map<number, Item[]>()
  for (const item of items) {
    const group = groups.get(item.label)
    if (group === undefined) groups.set(item.label, [item])
    else group.push(item)
  }
  return groups
}

/** The first half of each class, which is in random order, teaches the prompts; an odd one does too. */
function halves<Item>(drawn: readonly (readonly Item[])[], shots: number): FewShot<Item> {
  if (shots < 2)
    throw new AppError('invalid-input', 'One shot per class cannot be halved between prompts and alpha.', {
      hint: 'Use 2 shots or more, or let alpha learn from the validation images.',
    })
  const middle = (group: readonly Item[]) => Math.ceil(group.length / 2)
  return {
    train: drawn.flatMap((group) => group.slice(0, middle(group))),
    validation: drawn.flatMap((group) => group.slice(middle(group))),
  }
}
