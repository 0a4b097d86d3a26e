import { appendFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const KEPT_LINES = 40
const LARGEST_LOG_BYTES = 4_000_000

/** Lines that libraries print whatever happens and that explain nothing to anybody. */
const NOISE = [
  /oneDNN custom operations are on/,
  /This TensorFlow binary is optimized/,
  /To enable the following instructions/,
  /successful NUMA node read from SysFS/,
  /Your kernel may have been built without NUMA support/,
  /computation placer already registered/,
  /Unable to register cu(DNN|BLAS|FFT) factory/,
  /All log messages before absl::InitializeLog/,
  /^\s*$/,
]

/** A line such as `Created device /job:localhost/.../device:GPU:0 with 78000 MB memory:  -> device: 0, name: NVIDIA H100, pci ...` */
const DEVICE = /Created device \S*GPU:\d+.*?name: ([^,]+)/

/** Keeps what an engine process writes: in a file, and its last lines for error messages. */
export function createEngineLog(file: string) {
  const tail: string[] = []
  let device: string | null = null
  let unfinished = ''
  startNewFileWhenLarge(file)

  function take(line: string): void {
    device = DEVICE.exec(line)?.[1]?.trim() ?? device
    if (NOISE.some((pattern) => pattern.test(line))) return
    tail.push(line)
    if (tail.length > KEPT_LINES) tail.shift()
    appendFileSync(file, `${line}\n`)
  }

  return {
    write(chunk: string): void {
      const lines = (unfinished + chunk).split(/\r?\n/)
      unfinished = lines.pop() ?? ''
      lines.forEach(take)
    },
    /** Takes the last line even when it has no end. */
    end(): void {
      if (unfinished !== '') take(unfinished)
      unfinished = ''
    },
    tail: (): string[] => [...tail],
    deviceName: (): string | null => device,
  }
}

function startNewFileWhenLarge(file: string): void {
  mkdirSync(dirname(file), { recursive: true })
  if (existsSync(file) && statSync(file).size > LARGEST_LOG_BYTES) renameSync(file, `${file}.old`)
}
