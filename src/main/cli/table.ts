/** Columns of text, two spaces apart. Cells that are numbers stand on the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map(String))
  const widths = cells.reduce<number[]>(
    (all, row) => row.map((cell, column) => Math.max(all[column] ?? 0, displayWidth(cell))),
    [],
  )
  return rows
    .map((row, index) =>
      cells[index]!.map((cell, column) => {
        const gap = ' '.repeat(widths[column]! - displayWidth(cell))
        return typeof row[column] === 'number' ? gap + cell : cell + gap
      })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const segmenter = new Intl.Segmenter()

function displayWidth(text: string): number {
  return [...segmenter.segment(text)].length
}
