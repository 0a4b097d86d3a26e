/** Images are asked for in portions of this many. */
export const PAGE_SIZE = 500

/** Portions farther than this from the ones on screen are forgotten. */
const KEPT_AROUND = 3

/** Numbers of the portions that hold the images from `first` to `last`. */
export function pagesOf(first: number, last: number): number[] {
  const from = Math.floor(Math.max(0, first) / PAGE_SIZE)
  const to = Math.floor(Math.max(0, last) / PAGE_SIZE)
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

/** Those of the portions held that are too far from what is on screen. */
export function pagesToForget(held: Iterable<number>, first: number, last: number): number[] {
  const shown = pagesOf(first, last)
  const [from, to] = [shown[0]! - KEPT_AROUND, shown.at(-1)! + KEPT_AROUND]
  return [...held].filter((page) => page < from || page > to)
}
