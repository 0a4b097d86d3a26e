import type { InstallProgress } from './install.ts'

/**
 * Prints what an installation does: a line per step, in a terminal one that keeps up with the bytes, elsewhere
 * a further line for every quarter. Give `stderr`, so that results on stdout stay clean.
 */
export function progressPrinter(
  stream: { write(text: string): unknown; isTTY?: boolean },
  now: () => number = Date.now,
): (progress: InstallProgress) => void {
  let [lastText, lastShare, lastTime] = ['', 0, 0]
  return ({ text, done, total }) => {
    const share = done === undefined || total === undefined ? 0 : Math.min(1, done / total)
    const isNew = text !== lastText
    if (!isNew && (stream.isTTY === true ? now() - lastTime < 200 : share - lastShare < 0.25)) return
    const line = done === undefined ? text : `${text}  ${megabytes(done)} of ${megabytes(total ?? done)}`
    if (stream.isTTY === true) stream.write(`${isNew && lastText !== '' ? '\n' : '\r'}${line}\x1b[K`)
    else stream.write(`${line}\n`)
    ;[lastText, lastShare, lastTime] = [text, share, now()]
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
