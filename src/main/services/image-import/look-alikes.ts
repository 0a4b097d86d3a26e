import { setImmediate } from 'node:timers/promises'
import { hashDistance, largestDifference, type Look } from './look.ts'

/**
 * How alike two images must be to count as the same picture: at most this many of 64 hash bits apart, and
 * nowhere at 16 x 16 pixels further apart than this share of the contrast. The hash alone would join unlike
 * drawings on plain backgrounds; the second number tells two faces apart that differ only in the mouth.
 * Measured on 154 varied pictures: copies as JPEG of quality 80, at half or double size, or in grey pass in
 * 95 of 100 cases.
 */
export const MOST_BITS_APART = 7
export const LARGEST_DIFFERENCE = 14 / 127

const PARTS = 4
const PART_BITS = 16
/** Images between two pauses: some milliseconds of work. */
const BETWEEN_PAUSES = 500

/**
 * Joins images that look alike, and those that look like one of these, into groups. One image of a group
 * stands for all that have its very hash.
 *
 * Two hashes at most 7 bits apart agree in one of four 16-bit parts but for one bit. So each image is looked
 * up under every part and under every part with one bit flipped, which finds all pairs without comparing all.
 *
 * @param looks    null where there is nothing to compare
 * @param alike    pairs that are known to be alike, for example equal files
 * @returns        the group of each image, numbered from 0 by first appearance; null for images on their own
 */
export async function groupLookAlikes(
  looks: readonly (Look | null)[],
  alike: Iterable<readonly [number, number]>,
  { signal, onDone }: { signal?: AbortSignal | undefined; onDone?: (done: number) => void } = {},
): Promise<(number | null)[]> {
  const groups = disjointSets(looks.length)
  for (const [a, b] of alike) groups.join(a, b)

  const byHash = new Map<number, number[]>()
  const byPart = Array.from({ length: PARTS }, () => new Map<number, number[]>())
  for (const [index, look] of looks.entries()) {
    if (index % BETWEEN_PAUSES === 0) await pause(index)
    if (look !== null) place(look, index)
  }
  return groups.numbered()

  function place(look: Look, index: number): void {
    const twin = byHash
      .get(hashKey(look))
      ?.find((other) => hashDistance(look, looks[other]!) === 0 && areAlike(look, looks[other]!))
    if (twin !== undefined) {
      groups.join(twin, index)
      return
    }
    const joinIfAlike = (other: number) => {
      if (hashDistance(look, looks[other]!) > MOST_BITS_APART) return
      if (groups.find(other) !== groups.find(index) && areAlike(look, looks[other]!))
        groups.join(other, index)
    }
    for (const [part, bucket] of byPart.entries()) forEachNear(bucket, partOf(look, part), joinIfAlike)
    for (const [part, bucket] of byPart.entries()) push(bucket, partOf(look, part), index)
    push(byHash, hashKey(look), index)
  }

  /** Lets the process answer others, the window among them. */
  async function pause(done: number): Promise<void> {
    await setImmediate()
    signal?.throwIfAborted()
    onDone?.(done)
  }
}

function areAlike(a: Look, b: Look): boolean {
  return largestDifference(a, b) <= LARGEST_DIFFERENCE
}

/** Everything filed under a part, or under a part that differs in one bit. */
function forEachNear(
  bucket: ReadonlyMap<number, number[]>,
  part: number,
  visit: (index: number) => void,
): void {
  bucket.get(part)?.forEach(visit)
  for (let bit = 0; bit < PART_BITS; bit++) bucket.get(part ^ (1 << bit))?.forEach(visit)
}

function push(bucket: Map<number, number[]>, key: number, index: number): void {
  const entries = bucket.get(key)
  if (entries === undefined) bucket.set(key, [index])
  else entries.push(index)
}

function partOf(look: Look, part: number): number {
  const half = part < 2 ? look.low : look.high
  return part % 2 === 0 ? half & 0xffff : half >>> 16
}

/** 53 bits of the hash, all that a number holds: enough to find the equal ones among few. */
function hashKey({ low, high }: Look): number {
  return (high & 0x1fffff) * 2 ** 32 + low
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
