import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '#shared/errors'
import { resource } from '#main/resources'
import { lastLines, runTool } from './tool.ts'

export interface CompileJob {
  /** holds TensorFlow's C headers */
  readonly headers: string
  /** holds `libtensorflow_cc.so.2` and `libtensorflow_framework.so.2` */
  readonly libraries: string
  readonly output: string
  readonly signal?: AbortSignal | undefined
}

/** Builds a pack's binding, or throws. */
export type CompileBinding = (job: CompileJob) => Promise<void>

/**
 * Compiles the two source files of tfjs-node-gpu's binding, 5 to 20 s: no node-gyp, no Python. The result
 * finds its libraries relative to itself and runs on every Node and Electron with Node-API 8.
 *
 * @throws AppError `runtime-missing` without a C++ compiler, `internal` when it fails
 */
export async function compileBinding(job: CompileJob): Promise<void> {
  await mkdir(dirname(job.output), { recursive: true })
  const args = compilerArguments(job)
  for (const compiler of compilers()) {
    const result = await runTool(compiler, args, { signal: job.signal })
    if (result.missing) continue
    if (result.code === 0) return
    throw new AppError(
      'internal',
      `${compiler} could not compile the binding:\n${lastLines(result.stderr)}`,
      {
        hint: 'The compiler must know C++17 (GCC 8 or Clang 7, or newer). Choose another one with the variable CXX.',
      },
    )
  }
  throw new AppError(
    'runtime-missing',
    'The binding to TensorFlow has to be compiled, and there is no C++ compiler.',
    {
      hint: 'Install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++) and repeat the command.',
    },
  )
}

function compilers(): string[] {
  const chosen = process.env['CXX']
  return chosen ? [chosen] : ['g++', 'c++', 'clang++']
}

function compilerArguments({ headers, libraries, output }: CompileJob): string[] {
  const { tfjsNode, nodeApi } = sources()
  return [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-DNAPI_VERSION=8'],
    ...[`-I${nodeApi}`, `-I${headers}`, `-I${tfjsNode}`],
    join(tfjsNode, 'binding', 'tfjs_backend.cc'),
    join(tfjsNode, 'binding', 'tfjs_binding.cc'),
    ...['-o', output, `-L${libraries}`, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
  ]
}

/** A package keeps them beside its resources, because no compiler looks into an archive. */
function sources(): { tfjsNode: string; nodeApi: string } {
  const packaged = resource('native')
  if (existsSync(packaged)) return { tfjsNode: packaged, nodeApi: join(packaged, 'include') }
  const require = createRequire(import.meta.url)
  return {
    tfjsNode: dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')),
    nodeApi: join(dirname(require.resolve('node-api-headers/package.json')), 'include'),
  }
}
