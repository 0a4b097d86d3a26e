/** Colours as red, green and blue, each 0..255. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** Cividis (Nuñez, Anderton and Renslow 2018) at ten even steps: the same order of lightness for every eye. */
const CIVIDIS: readonly Rgb[] = [
  [0, 34, 78],
  [18, 53, 112],
  [59, 73, 108],
  [87, 93, 109],
  [112, 113, 115],
  [138, 134, 120],
  [165, 156, 116],
  [195, 179, 105],
  [225, 204, 85],
  [254, 232, 56],
]

/** Blue below, orange above, nearly white at zero; apart for colour-blind eyes too. */
const DIVERGING: readonly Rgb[] = [
  [17, 75, 143],
  [108, 160, 212],
  [245, 245, 245],
  [226, 150, 84],
  [140, 62, 8],
]

/** Sequential, for 0..1; what lies outside takes the end's colour. */
export const cividis = (share: number): Rgb => interpolate(CIVIDIS, share)

/** Diverging, for -1..1 around zero. */
export const diverging = (share: number): Rgb => interpolate(DIVERGING, (share + 1) / 2)

/** As CSS and SVG write it. */
export const cssColor = ([red, green, blue]: Rgb): string => `rgb(${red}, ${green}, ${blue})`

/** Black or white, whichever reads better on a colour; never below 4.5 : 1. */
export function inkOn(background: Rgb): '#000000' | '#ffffff' {
  return contrast(background, [0, 0, 0]) >= contrast(background, [255, 255, 255]) ? '#000000' : '#ffffff'
}

/** The contrast ratio of WCAG 2. */
export function contrast(one: Rgb, other: Rgb): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number]
  return (lighter + 0.05) / (darker + 0.05)
}

function interpolate(table: readonly Rgb[], share: number): Rgb {
  const place = Math.min(1, Math.max(0, Number.isNaN(share) ? 0 : share)) * (table.length - 1)
  const low = Math.min(table.length - 2, Math.floor(place))
  const [from, to] = [table[low]!, table[low + 1]!]
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(from[channel] + (to[channel] - from[channel]) * (place - low))
  return [mix(0), mix(1), mix(2)]
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((channel) => {
    const value = channel / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
