import * as tf from '../tensor/tf.ts'
import type { FrozenLinear } from '../tensor/ops.ts'
import type { TensorOwner } from '../tensor/memory.ts'
import type { Block } from './transformer.ts'
import type { BlockWeights, LayerNormWeights, LinearWeights } from './weights.ts'

/**
 * Uploads a block's weights in the form `Block` wants: both layer norms folded into the layers behind them and
 * 1/sqrt(head width) into the query. The caller owns the result.
 */
export function uploadBlock(
  weights: BlockWeights,
  { heads, activation, epsilon }: Pick<Block, 'heads' | 'activation' | 'epsilon'>,
): Block & TensorOwner {
  const width = weights.output.inputs
  const attention = foldNorm(weights.norm1, weights.queryKeyValue)
  const query = scaled(columns(attention, 0, width), 1 / Math.sqrt(width / heads))
  const layers = {
    query: uploadLinear(query),
    keyValue: uploadLinear(columns(attention, width, 3 * width)),
    output: uploadLinear(weights.output),
    expand: uploadLinear(foldNorm(weights.norm2, weights.expand)),
    contract: uploadLinear(weights.contract),
  }
  return {
    heads,
    activation,
    epsilon,
    ...layers,
    dispose: () =>
      tf.dispose(
        Object.values(layers).flatMap((layer) =>
          [layer.weight, layer.bias].filter((tensor) => tensor !== null),
        ),
      ),
  }
}

/** LN(x)·W + b = x̂·(scale∘W) + (shift·W + b): one layer without the norm's own scale and shift. */
export function foldNorm({ scale, shift }: LayerNormWeights, layer: LinearWeights): LinearWeights {
  const { inputs, outputs } = layer
  const weight = new Float32Array(layer.weight.length)
  const bias = layer.bias === null ? new Float64Array(outputs) : Float64Array.from(layer.bias)
  for (let row = 0; row < inputs; row++) {
    const factor = scale[row]!
    const offset = shift[row]!
    for (let column = 0, at = row * outputs; column < outputs; column++, at++) {
      weight[at] = factor * layer.weight[at]!
      bias[column] = bias[column]! + offset * layer.weight[at]!
    }
  }
  return { weight, bias: Float32Array.from(bias), inputs, outputs }
}

/** [inputs, outputs] to the device. The caller owns both tensors. */
export function uploadLinear({ weight, bias, inputs, outputs }: LinearWeights): FrozenLinear {
  return { weight: tf.tensor2d(weight, [inputs, outputs]), bias: bias === null ? null : tf.tensor1d(bias) }
}

function columns({ weight, bias, inputs, outputs }: LinearWeights, from: number, to: number): LinearWeights {
  const part = new Float32Array(inputs * (to - from))
  for (let row = 0; row < inputs; row++)
    part.set(weight.subarray(row * outputs + from, row * outputs + to), row * (to - from))
  return { weight: part, bias: bias?.slice(from, to) ?? null, inputs, outputs: to - from }
}

function scaled({ weight, bias, inputs, outputs }: LinearWeights, factor: number): LinearWeights {
  return {
    weight: weight.map((value) => value * factor),
    bias: bias?.map((value) => value * factor) ?? null,
    inputs,
    outputs,
  }
}
