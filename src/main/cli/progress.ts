/** Where progress is written to: stderr, or a string in tests. */
export interface ProgressStream {
  write(text: string): unknown
  isTTY?: boolean | undefined
  columns?: number | undefined
}

/** What a command tells while it works. */
export interface Progress {
  /** whether one line can be written over again and again */
  readonly isLive: boolean
  /** a line that stays */
  line(text: string): void
  /** A line that the next one replaces; without a terminal nothing. `fraction` in 0..1 draws a bar. */
  status(text: string, fraction?: number): void
  /** Something that takes a while, once per message where nothing can be replaced. */
  stage(message: string, done: number, total: number | null, secondsLeft: number | null): void
  /** Clears the line that is not meant to stay. */
  clear(): void
}

const BAR_WIDTH = 20
const REDRAW_MS = 80

/** Progress on a stream: live on a terminal, line by line elsewhere. */
export function createProgress(stream: ProgressStream, now: () => number = Date.now): Progress {
  const isLive = stream.isTTY === true
  let shown = false
  let lastDraw = -Infinity
  let lastStage = ''

  const clear = () => {
    if (shown) stream.write('\r\x1b[K')
    shown = false
  }
  const status = (text: string, fraction?: number) => {
    if (!isLive || now() - lastDraw < REDRAW_MS) return
    lastDraw = now()
    const line = fraction === undefined ? text : `${bar(fraction)} ${text}`
    stream.write(`\r\x1b[K${line.slice(0, (stream.columns ?? 100) - 1)}`)
    shown = true
  }
  return {
    isLive,
    clear,
    status,
    line(text) {
      clear()
      stream.write(`${text}\n`)
    },
    stage(message, done, total, secondsLeft) {
      if (isLive) {
        const left = secondsLeft === null ? '' : `, ${Math.ceil(secondsLeft)} s left`
        const count = total === null ? String(done) : `${done} of ${total}`
        status(`${message}: ${count}${left}`, total === null || total === 0 ? undefined : done / total)
      } else if (message !== lastStage) stream.write(`${message}\n`)
      lastStage = message
    },
  }
}

function bar(fraction: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH)
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`
}
