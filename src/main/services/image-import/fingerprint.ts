import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dataset, DatasetClass, DatasetImage } from '#shared/schemas/dataset'
import { hashOfFile } from './inspect-image.ts'
import { eachAtOnce } from './parallel.ts'

/**
 * SHA-256 over what is to be learned: path, content, class and split of every image, and the names of the classes.
 * The order of the images does not count, nor do the words that stand for a class: they are a setting of a run.
 */
export function datasetFingerprint(
  classes: readonly Pick<DatasetClass, 'name'>[],
  images: readonly Pick<DatasetImage, 'path' | 'hash' | 'label' | 'split'>[],
): string {
  const fingerprint = createHash('sha256')
  fingerprint.update(JSON.stringify(classes.map(({ name }) => name)))
  const lines = images.map(({ path, hash, label, split }) => JSON.stringify([path, hash, label, split]))
  for (const line of lines.sort()) fingerprint.update(`\n${line}`)
  return fingerprint.digest('hex')
}

export interface ChangeReport {
  unchanged: boolean
  /** images with another content, and images that cannot be read any more; in the order of the dataset */
  changed: string[]
  missing: string[]
}

/**
 * Compares the files with what the import saw. Cheap: only files whose size is the same and whose
 * modification time is not, as after copying the folder, are read again. Images added since are not looked for.
 */
export async function checkUnchanged(
  { root }: Pick<Dataset, 'root'>,
  images: readonly DatasetImage[],
  options: { signal?: AbortSignal | undefined; onDone?: ((done: number) => void) | undefined } = {},
): Promise<ChangeReport> {
  const real = await realpath(root).catch(() => null)
  const states = await eachAtOnce(images, (image) => stateOf(real, image), options)
  const pathsIn = (state: FileState) =>
    images.filter((_, index) => states[index] === state).map(({ path }) => path)
  const [changed, missing] = [pathsIn('changed'), pathsIn('missing')]
  return { unchanged: changed.length + missing.length === 0, changed, missing }
}

type FileState = 'same' | 'changed' | 'missing'

async function stateOf(root: string | null, image: DatasetImage): Promise<FileState> {
  const file = root === null ? null : await stat(join(root, image.path)).catch(() => null)
  if (root === null || file === null) return 'missing'
  if (file.size !== image.bytes) return 'changed'
  if (file.mtimeMs === image.modified) return 'same'
  return (await hashOfFile(root, image.path)) === image.hash ? 'same' : 'changed'
}
