import { existsSync, readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { arch, cpus, release, totalmem, type } from 'node:os'
import { dirname } from 'node:path'
import { AppError, type SerializedError } from '#shared/errors'
import type { TensorFlowNode } from './binding.ts'
import { findCards, type CardFindings } from './graphics-card.ts'
import { findPack, type InstalledPack } from './packs.ts'
import type { PackName } from './sources.ts'

/** What can be said about this machine without starting an engine. Sizes in bytes. */
export interface StaticReport {
  readonly system: { readonly name: string; readonly release: string; readonly architecture: string }
  readonly node: string
  readonly processor: { readonly name: string; readonly cores: number; readonly hasAvx: boolean }
  readonly memory: { readonly total: number; readonly available: number }
  readonly disk: { readonly folder: string; readonly total: number; readonly free: number }
  readonly pack: {
    readonly name: PackName
    readonly folder: string
    readonly tensorflow: string
    readonly binding: string
  } | null
  /** why there is no usable pack */
  readonly packProblem: SerializedError | null
  /** what the system says; whether TensorFlow uses a card is only known from the engine */
  readonly cards: CardFindings
}

/** Collects the report. Reads files and asks `nvidia-smi`; changes nothing. */
export async function staticReport(dataFolder: string, preference?: PackName): Promise<StaticReport> {
  const { pack, problem } = usedPack(dataFolder, preference)
  const cards = await findCards()
  const disk = await statfs(nearestFolder(dataFolder))
  const processors = cpus()
  return {
    system: { name: type(), release: release(), architecture: arch() },
    node: process.versions.node,
    processor: { name: processors[0]?.model ?? 'unknown', cores: processors.length, hasAvx: hasAvx() },
    memory: { total: totalmem(), available: process.availableMemory() },
    disk: { folder: dataFolder, total: disk.blocks * disk.bsize, free: disk.bavail * disk.bsize },
    pack:
      pack === null
        ? null
        : {
            name: pack.name,
            folder: pack.folder,
            tensorflow: pack.record.tensorflow,
            binding: pack.record.binding,
          },
    packProblem: problem,
    cards,
  }
}

/** One comparison of the self-test: the largest difference to the known result, and the largest allowed. */
export interface Check {
  readonly passed: boolean
  readonly largestError: number
  readonly allowed: number
}

/** What TensorFlow says about itself, and whether it calculates correctly. */
export interface SelfTest {
  readonly backend: string
  /** `gpu` only when the binding has really chosen a card */
  readonly device: 'gpu' | 'cpu'
  readonly multiplication: Check
  readonly gradient: Check
  readonly passed: boolean
  readonly seconds: number
}

/** Runs small calculations with known results. To be called where TensorFlow is loaded; leaves no tensors behind. */
export async function selfTest(tf: TensorFlowNode): Promise<SelfTest> {
  const start = performance.now()
  const multiplication = await checkMultiplication(tf)
  const gradient = await checkGradient(tf)
  const { isUsingGpuDevice } = tf.backend() as unknown as { isUsingGpuDevice: boolean }
  return {
    backend: tf.getBackend(),
    device: isUsingGpuDevice ? 'gpu' : 'cpu',
    multiplication,
    gradient,
    passed: multiplication.passed && gradient.passed,
    seconds: (performance.now() - start) / 1000,
  }
}

const size = 64

/** Small whole numbers, so that every sum is exact in any precision a device may choose. */
function wholeNumbers(step: number): number[] {
  return Array.from({ length: size * size }, (_, index) => ((index * step) % 11) - 5)
}

async function checkMultiplication(tf: TensorFlowNode): Promise<Check> {
  const [left, right] = [wholeNumbers(7), wholeNumbers(3)]
  const product = tf.tidy(() => tf.matMul(tf.tensor2d(left, [size, size]), tf.tensor2d(right, [size, size])))
  const expected = left.map((_, index) => {
    const [row, column] = [Math.floor(index / size), index % size]
    let sum = 0
    for (let k = 0; k < size; k++) sum += left[row * size + k]! * right[k * size + column]!
    return sum
  })
  return compare(await takeValues(product), expected, 0)
}

/** d/dx of −log softmax(x)[0] is softmax(x) − (1, 0, 0, …): through exponentials, sums and a gather's gradient. */
async function checkGradient(tf: TensorFlowNode): Promise<Check> {
  const values = wholeNumbers(7).slice(0, size)
  const loss = (x: ReturnType<typeof tf.tensor>) => tf.neg(tf.sum(tf.slice(tf.logSoftmax(x), [0], [1])))
  const gradient = tf.tidy(() => tf.grad(loss)(tf.tensor1d(values)))
  const exponentials = values.map((value) => Math.exp(value))
  const total = exponentials.reduce((sum, value) => sum + value, 0)
  const expected = exponentials.map((value, index) => value / total - (index === 0 ? 1 : 0))
  return compare(await takeValues(gradient), expected, 1e-5)
}

async function takeValues(tensor: {
  data(): Promise<ArrayLike<number>>
  dispose(): void
}): Promise<number[]> {
  try {
    return Array.from(await tensor.data())
  } finally {
    tensor.dispose()
  }
}

function compare(found: readonly number[], expected: readonly number[], allowed: number): Check {
  const errors = expected.map((value, index) => Math.abs((found[index] ?? Number.NaN) - value))
  const largestError = errors.reduce((largest, error) => (error <= largest ? largest : error), 0)
  return { passed: found.length === expected.length && largestError <= allowed, largestError, allowed }
}

function usedPack(
  dataFolder: string,
  preference: PackName | undefined,
): { pack: InstalledPack | null; problem: SerializedError | null } {
  try {
    return { pack: findPack(dataFolder, preference), problem: null }
  } catch (thrown) {
    return { pack: null, problem: AppError.from(thrown).toJSON() }
  }
}

/** The data folder itself may not exist yet. */
function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path))
}

/** Without AVX, TensorFlow's builds end with an illegal instruction. Only Linux says so in a file. */
function hasAvx(): boolean {
  const file = '/proc/cpuinfo'
  if (process.arch !== 'x64' || !existsSync(file)) return true
  return /^flags\s*:.*\bavx\b/m.test(readFileSync(file, 'latin1'))
}
