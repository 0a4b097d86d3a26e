import type { InstallProgress } from './install.ts'

/**
 * Prints what an installation does: a line per step, in a terminal one that keeps up with the bytes, elsewhere
 * a further line for every quarter. Give `stderr`, so that results on stdout stay clean.
 */
export function progressPrinter(
  stream: { write(text: string): unknown; isTTY?: boolean; columns?: number },
  now: () => number = Date.now,
): (progress: InstallProgress) => void {
  let [lastText, lastShare, lastTime] = ['', 0, 0]
  return ({ step, text, done, total }) => {
    const share = done === undefined || total === undefined ? 0 : Math.min(1, done / total)
    const isNew = text !== lastText
    if (!isNew && (stream.isTTY === true ? now() - lastTime < 200 : share - lastShare < 0.25)) return
    const line = done === undefined ? text : `${text}  ${megabytes(done)} of ${megabytes(total ?? done)}`
    const end = stream.isTTY === true && step !== 'finish' ? '\x1b[K' : '\n'
    const begin = stream.isTTY !== true ? '' : isNew && lastText !== '' ? '\n' : '\r'
    // A line that wraps cannot be written over.
    stream.write(`${begin}${stream.isTTY === true ? line.slice(0, (stream.columns ?? 80) - 1) : line}${end}`)
    ;[lastText, lastShare, lastTime] = [text, share, now()]
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
