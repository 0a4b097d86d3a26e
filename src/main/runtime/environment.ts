import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { InstalledPack } from './packs.ts'

/**
 * The whole environment for a process that will load the pack: TensorFlow reads these variables when the
 * process starts, so they cannot be set later. What the user has set stays.
 */
export function engineEnvironment(
  { folder, record }: InstalledPack,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  return {
    // The name of the card is only ever told in the log; whoever starts the process filters it.
    TF_CPP_MIN_LOG_LEVEL: '0',
    // Otherwise TensorFlow takes the whole card, also from the desktop.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    ...xlaFlags(folder),
    ...env,
    ...libraryPath(folder, record.libraryPath, env),
  }
}

/** XLA needs ptxas and libdevice of the CUDA compiler at run time. */
function xlaFlags(folder: string): NodeJS.ProcessEnv {
  const compiler = join(folder, 'deps', 'nvidia', 'cuda_nvcc')
  return existsSync(compiler) ? { XLA_FLAGS: `--xla_gpu_cuda_data_dir=${compiler}` } : {}
}

function libraryPath(folder: string, folders: readonly string[], env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (folders.length === 0) return {}
  const before = env['LD_LIBRARY_PATH']
  const all = [...folders.map((path) => join(folder, path)), ...(before ? [before] : [])]
  return { LD_LIBRARY_PATH: all.join(delimiter) }
}
