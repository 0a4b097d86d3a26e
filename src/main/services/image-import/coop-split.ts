import { z } from 'zod'
import { AppError } from '#shared/errors'
import type { Dataset, ImageItem, Split } from '#shared/schemas/dataset'
import { writeFileAtomic } from '#main/files'
import { pathBelow, promptFor, type ListedImage, type Listing, type ReadContext } from './listing.ts'
import { quoted } from './problems.ts'

const Entry = z.tuple([z.string().min(1), z.number().int(), z.string().min(1)])

/** The split files of the CoOp experiments: per split a list of [image path, label, class name]. */
export const CoopSplit = z.object({
  train: z.array(Entry).min(1),
  val: z.array(Entry).default([]),
  test: z.array(Entry).default([]),
})
export type CoopSplit = z.infer<typeof CoopSplit>

const SPLIT_KEYS: [keyof CoopSplit, Split][] = [
  ['train', 'train'],
  ['val', 'validation'],
  ['test', 'test'],
]

/** Whether parsed JSON looks like a split file, so that what is wrong with it is worth telling. */
export function isCoopSplit(json: unknown): boolean {
  return z.object({ train: z.array(z.array(z.unknown())) }).safeParse(json).success
}

/** The paths a split file names, to find the folder they start from. */
export function coopPaths(split: CoopSplit): string[] {
  return SPLIT_KEYS.flatMap(([key]) => split[key].map(([path]) => path))
}

/** Keeps the order of the file, because few-shot draws depend on it. Labels become 0, 1, 2 ... in their order. */
export function listCoopSplit(
  split: CoopSplit,
  root: string,
  { log }: ReadContext,
): Pick<Listing, 'classes' | 'images'> {
  const names = classNames(split)
  const labels = new Map([...names.keys()].sort((a, b) => a - b).map((old, label) => [old, label]))
  const images: ListedImage[] = []
  for (const [key, name] of SPLIT_KEYS)
    for (const [listed, label] of split[key]) {
      const path = pathBelow(root, listed)
      if (path === null) log.add('outside-root', `${quoted(listed)} leads out of the folder.`, [listed])
      else images.push({ path, label: labels.get(label)!, split: name })
    }
  const classes = [...labels.keys()].map((label) => {
    const name = names.get(label)!
    return { name, prompt: promptFor(name), folder: null }
  })
  return { classes, images }
}

/** Writes the splits of a dataset as a CoOp split file. Paths are relative to the dataset's root. */
export function writeCoopSplit(dataset: Dataset, images: readonly ImageItem[], path: string): void {
  const entries = (split: Split) =>
    images
      .filter((image) => image.split === split)
      .map((image) => [image.path, image.label, dataset.classes[image.label]!.name])
  const split = Object.fromEntries(SPLIT_KEYS.map(([key, name]) => [key, entries(name)]))
  writeFileAtomic(path, `${JSON.stringify(split, null, 1)}\n`)
}

function classNames(split: CoopSplit): Map<number, string> {
  const names = new Map<number, string>()
  for (const [path, label, name] of SPLIT_KEYS.flatMap(([key]) => split[key])) {
    const known = names.get(label) ?? name
    if (known !== name)
      throw new AppError(
        'bad-file',
        `The split file calls label ${label} both ${quoted(known)} and ${quoted(name)} (at ${quoted(path)}), so its classes are ambiguous.`,
        { hint: 'Give every label one class name and import again.' },
      )
    names.set(label, name)
  }
  return names
}
