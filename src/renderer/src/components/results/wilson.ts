/** 97.5 % of a normal distribution lie below: for intervals of 95 %. */
const Z = 1.959963984540054

/**
 * Wilson's interval of 95 % for a share that was counted. Unlike the textbook's it stays within 0 and 1 and holds for
 * few pictures and shares near the ends.
 */
export function wilsonInterval(right: number, all: number): { low: number; high: number } | null {
  if (all <= 0) return null
  const share = right / all
  const shrink = 1 + Z ** 2 / all
  const middle = (share + Z ** 2 / (2 * all)) / shrink
  const half = (Z / shrink) * Math.sqrt((share * (1 - share)) / all + Z ** 2 / (4 * all ** 2))
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}
