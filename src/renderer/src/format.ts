/** Numbers for people, in the language of the browser. Files get theirs from elsewhere, always with a point. */

const percentFormat = new Intl.NumberFormat(undefined, {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})
const wholePercentFormat = new Intl.NumberFormat(undefined, { style: 'percent' })
const wholeFormat = new Intl.NumberFormat()
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** 0.831 -> "83.1 %"; a dash where there is nothing. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : percentFormat.format(share)
}

/** 0.75 -> "75 %", for axes. */
export function percentWhole(share: number): string {
  return wholePercentFormat.format(share)
}

/** A difference of two shares in points, always with its sign: 0.018 -> "+1.8". */
export function points(difference: number | null | undefined): string {
  if (difference === null || difference === undefined) return '–'
  const value = difference * 100
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`
}

export function whole(count: number): string {
  return wholeFormat.format(count)
}

/** With as many digits as tell something. */
export function decimal(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits)
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return '–'
  const power = size < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(size) / 3))
  return `${(size / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]!}`
}

/** 95 -> "1 min 35 s". */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–'
  if (seconds < 1) return 'under 1 s'
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return minutes < 10 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function date(iso: string | null | undefined): string {
  return iso === null || iso === undefined ? '–' : dateFormat.format(new Date(iso))
}

/** The time of day, with the weekday where it is not today. */
export function clock(time: Date, now: Date = new Date()): string {
  const isToday = time.toDateString() === now.toDateString()
  const format = new Intl.DateTimeFormat(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    ...(!isToday && { weekday: 'short' }),
  })
  return format.format(time)
}

/** A date that fits a narrow column: the year only where it is not this one. */
export function shortDate(iso: string, now: Date = new Date()): string {
  const time = new Date(iso)
  return new Intl.DateTimeFormat(undefined, {
    month: 'short',
    day: 'numeric',
    ...(time.getFullYear() === now.getFullYear()
      ? { hour: '2-digit', minute: '2-digit', hour12: false }
      : { year: 'numeric' }),
  }).format(time)
}
