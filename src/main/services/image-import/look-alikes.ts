import { correlation, hashDistance, type Look } from './look.ts'

/**
 * How alike two images must be to count as the same picture: at most this many of 64 hash bits apart, and
 * this correlated at 16 x 16 pixels. The hash alone would join unlike drawings on plain backgrounds.
 */
export const MOST_BITS_APART = 7
export const LEAST_CORRELATION = 0.985

const PARTS = 4
const PART_BITS = 16

/**
 * Joins images that look alike, and those that look like one of these, into groups.
 *
 * Two hashes at most 7 bits apart agree in one of four 16-bit parts but for one bit. So each image is looked
 * up under every part and under every part with one bit flipped, which finds all pairs without comparing all.
 *
 * @param looks    null where there is nothing to compare
 * @param alike    pairs that are known to be alike, for example equal files
 * @returns        the group of each image, numbered from 0 by first appearance; null for images on their own
 */
export function groupLookAlikes(
  looks: readonly (Look | null)[],
  alike: Iterable<readonly [number, number]>,
): (number | null)[] {
  const groups = disjointSets(looks.length)
  for (const [a, b] of alike) groups.join(a, b)

  const buckets = Array.from({ length: PARTS }, () => new Map<number, number[]>())
  looks.forEach((look, index) => {
    if (look === null) return
    let isNew = true
    for (const other of candidates(buckets, look)) {
      const distance = hashDistance(look, looks[other]!)
      if (distance > MOST_BITS_APART) continue
      const together = groups.find(other) === groups.find(index)
      if (!together && correlation(look, looks[other]!) >= LEAST_CORRELATION) groups.join(other, index)
      // One image of a group with this very hash is enough to be found by others.
      if (distance === 0 && groups.find(other) === groups.find(index)) isNew = false
    }
    if (isNew) insert(buckets, look, index)
  })
  return groups.numbered()
}

function* candidates(buckets: readonly Map<number, number[]>[], look: Look): Generator<number> {
  for (const [part, bucket] of buckets.entries()) {
    const key = partOf(look, part)
    yield* bucket.get(key) ?? []
    for (let bit = 0; bit < PART_BITS; bit++) yield* bucket.get(key ^ (1 << bit)) ?? []
  }
}

function insert(buckets: readonly Map<number, number[]>[], look: Look, index: number): void {
  for (const [part, bucket] of buckets.entries()) {
    const key = partOf(look, part)
    const entries = bucket.get(key)
    if (entries === undefined) bucket.set(key, [index])
    else entries.push(index)
  }
}

function partOf(look: Look, part: number): number {
  const half = part < 2 ? look.low : look.high
  return part % 2 === 0 ? half & 0xffff : half >>> 16
}

/** Sets of the numbers 0..size-1, each on its own at first. */
function disjointSets(size: number) {
  const parent = Int32Array.from({ length: size }, (_, index) => index)
  const find = (member: number): number => {
    let root = member
    while (parent[root] !== root) root = parent[root]!
    while (parent[member] !== root) {
      const next = parent[member]!
      parent[member] = root
      member = next
    }
    return root
  }
  return {
    find,
    // The lower number leads, so that the result does not depend on the order of joining.
    join(a: number, b: number): void {
      const [low, high] = [find(a), find(b)].sort((x, y) => x - y) as [number, number]
      parent[high] = low
    },
    numbered(): (number | null)[] {
      const roots = Array.from(parent, (_, member) => find(member))
      const sizes = new Int32Array(size)
      for (const root of roots) sizes[root]!++
      const numbers = new Map<number, number>()
      return roots.map((root) => {
        if (sizes[root] === 1) return null
        if (!numbers.has(root)) numbers.set(root, numbers.size)
        return numbers.get(root)!
      })
    },
  }
}
