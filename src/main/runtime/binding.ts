import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { AppError } from '#shared/errors'

/** The module `@tensorflow/tfjs-node-gpu`: the package is the binding of every pack, CPU packs included. */
export type TensorFlowNode = typeof import('@tensorflow/tfjs-node-gpu')

// One process can hold one libtensorflow: its symbols are global and it is never unloaded.
let loaded: { packFolder: string; tensorFlow: TensorFlowNode } | undefined

/** Where a pack keeps its binding, relative to the pack's folder. Every Node and Electron of today picks Node-API 8. */
export const bindingFile = join('lib', 'napi-v8', 'tfjs_binding.node')

/**
 * Loads libtensorflow from an installed pack and registers backend `tensorflow` with all kernels and
 * gradients in the one copy of `@tensorflow/tfjs-core`. Takes 0.5 to 1 s the first time; later calls with
 * the same pack are free. The environment of `engineEnvironment` must have been set when the process started.
 *
 * @throws AppError `runtime-missing` when the pack has no binding, `engine-unavailable` when it does not load
 */
export function loadTensorFlow(packFolder: string): TensorFlowNode {
  if (loaded?.packFolder === packFolder) return loaded.tensorFlow
  if (loaded !== undefined) throw new AppError('internal', `This process already uses ${loaded.packFolder}`)
  const binding = join(packFolder, bindingFile)
  if (!existsSync(binding))
    throw new AppError('runtime-missing', `No TensorFlow binding at ${binding}`, {
      hint: 'Install a runtime pack: dplstudio runtime install cpu',
    })
  restoreUtilFunctions()
  const tensorFlow = requireWithBinding(binding)
  loaded = { packFolder, tensorFlow }
  return tensorFlow
}

/** tfjs-node 4.22 asks node-pre-gyp where its binding is: answered here, so that node_modules stays untouched. */
function requireWithBinding(binding: string): TensorFlowNode {
  const require = createRequire(import.meta.url)
  const nodePreGyp = createRequire(require.resolve('@tensorflow/tfjs-node-gpu')).resolve(
    '@mapbox/node-pre-gyp',
  )
  const answer = { id: nodePreGyp, filename: nodePreGyp, loaded: true, exports: { find: () => binding } }
  require.cache[nodePreGyp] = answer as unknown as NodeJS.Module
  try {
    return require('@tensorflow/tfjs-node-gpu') as TensorFlowNode
  } catch (thrown) {
    throw new AppError('engine-unavailable', `libtensorflow does not load: ${String(thrown)}`, {
      hint: 'Check the pack with: dplstudio runtime verify. Installing it again repairs damaged files.',
      cause: thrown,
    })
  }
}

/** Every op of tfjs-node 4.22 calls functions that Node 23 removed from `util`. */
function restoreUtilFunctions(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined
  util['isArray'] ??= Array.isArray
}
