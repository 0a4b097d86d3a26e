import type { DatasetClass, DatasetImage, ProblemKind, Split } from '#shared/schemas/dataset'
import type { InspectedImage, Remark } from './inspect-image.ts'
import { counted, quoted, type ProblemLog } from './problems.ts'

/** The kinds of problems that depend on the split, so that they are looked for again after a new one. */
export const SPLIT_PROBLEMS: readonly ProblemKind[] = [
  'class-conflict',
  'split-leak',
  'duplicate',
  'near-duplicate',
  'missing-split',
  'too-few',
]

/** The shots of the paper's main experiments; a class with fewer training images cannot give as many. */
const USUAL_SHOTS = 16
const REMARKS: Record<Remark, string> = {
  blank: 'shows one plain colour',
  tiny: 'is tiny',
  animated: 'is animated',
  'color-mode': 'is not in RGB',
}

/** Copies of pictures, and classes with too few images or none in some split. */
export function checkSplit(
  classes: readonly DatasetClass[],
  images: readonly DatasetImage[],
  log: ProblemLog,
): void {
  for (const copies of groupsOf(images, ({ group }) => group)) checkCopies(classes, copies, log)
  for (const cls of classes) checkCounts(cls, log)
}

/** Oddities of single images, and paths that differ only in case. */
export function checkImages(images: readonly (InspectedImage & { path: string })[], log: ProblemLog): void {
  for (const { path, remarks, width, height } of images)
    for (const remark of remarks) {
      const size = remark === 'tiny' ? ` (${width} x ${height})` : ''
      log.add(remark, `${quoted(path)} ${REMARKS[remark]}${size}.`, [path])
    }
  for (const same of groupsOf(images, ({ path }) => path.toLowerCase())) {
    const paths = same.map(({ path }) => path)
    log.add(
      'case-collision',
      `${paths.map(quoted).join(' and ')} differ only in upper and lower case.`,
      paths,
    )
  }
}

function checkCopies(
  classes: readonly DatasetClass[],
  copies: readonly DatasetImage[],
  log: ProblemLog,
): void {
  const paths = copies.map(({ path }) => path)
  const labels = [...new Set(copies.map(({ label }) => label))]
  const splits = [...new Set(copies.map(({ split }) => split))]
  const differ = new Set(copies.map(({ hash }) => hash)).size > 1
  const subject = `${counted(copies.length, 'image')} ${differ ? 'that look the same' : 'with the same content'}`
  if (labels.length > 1) {
    const names = labels.map((label) => quoted(classes[label]!.name))
    log.add('class-conflict', `${subject} are in the classes ${names.join(' and ')}.`, paths)
  }
  if (splits.length > 1) log.add('split-leak', `${subject} are in the splits ${splits.join(' and ')}.`, paths)
  if (labels.length > 1 || splits.length > 1) return
  const place = `in class ${quoted(classes[labels[0]!]!.name)}`
  for (const same of groupsOf(copies, ({ hash }) => hash)) {
    const samePaths = same.map(({ path }) => path)
    log.add('duplicate', `${counted(same.length, 'image')} with the same content ${place}.`, samePaths)
  }
  if (differ) log.add('near-duplicate', `${subject} ${place}.`, paths)
}

function checkCounts({ name, counts }: DatasetClass, log: ProblemLog): void {
  const without = (['train', 'validation', 'test'] satisfies Split[]).filter((split) => counts[split] === 0)
  if (without.length > 0)
    log.add('missing-split', `The class ${quoted(name)} has no images for ${without.join(' and ')}.`)
  if (counts.train > 0 && counts.train < USUAL_SHOTS)
    log.add(
      'too-few',
      `The class ${quoted(name)} has ${counted(counts.train, 'training image')}, fewer than ${USUAL_SHOTS}.`,
    )
}

/** Items with equal keys, where there are two or more; items with the key null stand alone. */
function groupsOf<Item>(items: readonly Item[], key: (item: Item) => string | number | null): Item[][] {
  const groups = new Map<string | number, Item[]>()
  for (const item of items) {
    const value = key(item)
    if (value === null) continue
    const group = groups.get(value)
    if (group === undefined) groups.set(value, [item])
    else group.push(item)
  }
  return [...groups.values()].filter((group) => group.length > 1)
}
