/** Side of the squares a matrix is transposed in: both sides of a copy stay in the cache. */
const TILE = 32

/**
 * Writes the transpose of `source` [rows, columns] into `target`, a matrix with `targetColumns` columns,
 * from its column `column` on.
 */
export function transposeInto(
  target: Float32Array,
  source: Float32Array,
  {
    rows,
    columns,
    targetColumns,
    column,
  }: { rows: number; columns: number; targetColumns: number; column: number },
): void {
  for (let top = 0; top < rows; top += TILE)
    for (let left = 0; left < columns; left += TILE) {
      const bottom = Math.min(top + TILE, rows)
      const right = Math.min(left + TILE, columns)
      for (let j = left; j < right; j++)
        for (let i = top; i < bottom; i++) target[j * targetColumns + column + i] = source[i * columns + j]!
    }
}

/** A convolution kernel [d, 3, P, P] as the matrix [P·P·3, d] for patches of height x width x channel pixels. */
export function patchEmbeddingRows(
  kernel: Float32Array,
  { width, patchSize }: { width: number; patchSize: number },
): Float32Array {
  const matrix = new Float32Array(kernel.length)
  const pixels = patchSize * patchSize
  for (let output = 0, from = 0; output < width; output++)
    for (let channel = 0; channel < 3; channel++)
      for (let pixel = 0; pixel < pixels; pixel++, from++)
        matrix[(pixel * 3 + channel) * width + output] = kernel[from]!
  return matrix
}
