import type { BlockWeights, ClipWeights, LayerNormWeights, LinearWeights } from '#main/engine/clip/weights'

/**
 * CLIP and its prompted blocks written down naively in double precision: one sequence at a time, all positions,
 * prompts prepended to keys and values, every option on its own. Slow, and the yardstick of the fast one.
 */
export type Rows = number[][]

/** What a layer adds to plain CLIP. */
export type NaiveLayer =
  | { kind: 'plain' }
  | { kind: 'prompt'; prompt: Rows }
  | { kind: 'mixed'; prompts: Rows[]; weights: number[]; mixing: 'block' | 'attention' }

interface Shape {
  heads: number
  activation: 'quick_gelu' | 'gelu'
  epsilon: number
}

/** Unit text feature of one sequence of token embeddings (without positions), all given positions computed. */
export function naiveText(
  weights: ClipWeights,
  embedded: Rows,
  endOfText: number,
  layers: NaiveLayer[],
): number[] {
  const { text, architecture } = weights
  const width = architecture.text.width
  let rows = embedded.map((row, i) => row.map((value, j) => value + text.positionalEmbedding[i * width + j]!))
  const shape = {
    heads: architecture.text.heads,
    activation: architecture.activation,
    epsilon: architecture.layerNormEpsilon,
  }
  text.blocks.forEach((block, i) => (rows = naiveBlock(block, rows, layers[i]!, { ...shape, causal: true })))
  return project(norm(rows[endOfText]!, text.finalNorm, shape.epsilon), text.projection)
}

/** Unit image feature of one picture.  pixels [S·S·3], row-major, channels last */
export function naiveImage(weights: ClipWeights, pixels: ArrayLike<number>, layers: NaiveLayer[]): number[] {
  const { image, architecture } = weights
  const { width, patchSize, imageSize, heads } = architecture.image
  const grid = imageSize / patchSize
  const patches: Rows = [Array.from(image.classEmbedding)]
  for (let py = 0; py < grid; py++)
    for (let px = 0; px < grid; px++) {
      const flat: number[] = []
      for (let dy = 0; dy < patchSize; dy++)
        for (let dx = 0; dx < patchSize; dx++)
          for (let channel = 0; channel < 3; channel++)
            flat.push(pixels[((py * patchSize + dy) * imageSize + px * patchSize + dx) * 3 + channel]!)
      patches.push(times(flat, image.patchEmbedding, width))
    }
  const shape = { heads, activation: architecture.activation, epsilon: architecture.layerNormEpsilon }
  let rows = patches.map((row, i) =>
    norm(
      row.map((value, j) => value + image.positionalEmbedding[i * width + j]!),
      image.preNorm,
      shape.epsilon,
    ),
  )
  image.blocks.forEach(
    (block, i) => (rows = naiveBlock(block, rows, layers[i]!, { ...shape, causal: false })),
  )
  return project(norm(rows[0]!, image.postNorm, shape.epsilon), image.projection)
}

/** One block over one sequence. */
export function naiveBlock(
  block: BlockWeights,
  rows: Rows,
  layer: NaiveLayer,
  shape: Shape & { causal: boolean },
): Rows {
  if (layer.kind === 'plain') return finish(block, rows, attention(block, rows, [], shape), shape)
  if (layer.kind === 'prompt') return finish(block, rows, attention(block, rows, layer.prompt, shape), shape)
  const attended = layer.prompts.map((prompt) => attention(block, rows, prompt, shape))
  if (layer.mixing === 'attention') return finish(block, rows, weighted(attended, layer.weights), shape)
  return weighted(
    attended.map((each) => finish(block, rows, each, shape)),
    layer.weights,
  )
}

export function softmax(row: readonly number[]): number[] {
  const largest = Math.max(...row)
  const exponentials = row.map((value) => Math.exp(value - largest))
  const total = exponentials.reduce((sum, value) => sum + value, 0)
  return exponentials.map((value) => value / total)
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0)
}

/** Output of attention with its projection; the prompt is seen by every row, whatever the mask. */
function attention(
  block: BlockWeights,
  rows: Rows,
  prompt: Rows,
  { heads, causal, epsilon }: Shape & { causal: boolean },
): Rows {
  const width = rows[0]!.length
  const project3 = (row: number[]) => apply(norm(row, block.norm1, epsilon), block.queryKeyValue)
  const own = rows.map(project3)
  const keys = [...prompt.map(project3), ...own]
  const headWidth = width / heads
  return own.map((row, i) => {
    const mixed: number[] = []
    for (let head = 0; head < heads; head++) {
      const part = (packed: number[], which: number) =>
        packed.slice(which * width + head * headWidth, which * width + (head + 1) * headWidth)
      const scores = keys.map((key, j) =>
        causal && j - prompt.length > i
          ? Number.NEGATIVE_INFINITY
          : dot(part(row, 0), part(key, 1)) / Math.sqrt(headWidth),
      )
      const shares = softmax(scores)
      for (let k = 0; k < headWidth; k++)
        mixed.push(
          dot(
            shares,
            keys.map((key) => part(key, 2)[k]!),
          ),
        )
    }
    return apply(mixed, block.output)
  })
}

function finish(block: BlockWeights, rows: Rows, attended: Rows, { activation, epsilon }: Shape): Rows {
  return rows.map((row, i) => {
    const between = row.map((value, j) => value + attended[i]![j]!)
    const hidden = apply(norm(between, block.norm2, epsilon), block.expand).map((value) =>
      activation === 'quick_gelu' ? value / (1 + Math.exp(-1.702 * value)) : gelu(value),
    )
    return apply(hidden, block.contract).map((value, j) => value + between[j]!)
  })
}

/** x·Φ(x) by Simpson's rule over the density. */
function gelu(x: number): number {
  const steps = 400
  const density = (t: number) => Math.exp(-(t * t) / 2) / Math.sqrt(2 * Math.PI)
  let area = 0
  for (let i = 0; i < steps; i++) {
    const [a, b] = [(x * i) / steps, (x * (i + 1)) / steps]
    area += ((b - a) / 6) * (density(a) + 4 * density((a + b) / 2) + density(b))
  }
  return x * (0.5 + area)
}

function norm(row: readonly number[], { scale, shift }: LayerNormWeights, epsilon: number): number[] {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length
  return row.map((value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * scale[i]! + shift[i]!)
}

function apply(row: readonly number[], { weight, bias, outputs }: LinearWeights): number[] {
  return times(row, weight, outputs).map((value, i) => value + (bias?.[i] ?? 0))
}

function times(row: readonly number[], weight: Float32Array, outputs: number): number[] {
  const result = new Array<number>(outputs).fill(0)
  row.forEach((value, i) => {
    for (let j = 0; j < outputs; j++) result[j] = result[j]! + value * weight[i * outputs + j]!
  })
  return result
}

function project(row: readonly number[], projection: Float32Array): number[] {
  const projected = times(row, projection, projection.length / row.length)
  const length = Math.sqrt(dot(projected, projected))
  return projected.map((value) => value / length)
}

function weighted(parts: Rows[], weights: readonly number[]): Rows {
  return parts[0]!.map((row, i) =>
    row.map((_, j) => parts.reduce((sum, part, k) => sum + weights[k]! * part[i]![j]!, 0)),
  )
}
