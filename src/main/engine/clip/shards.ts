import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { openSafetensors, type StoredTensor, type TensorFile } from '../tensor/safetensors.ts'

const Index = z.object({ weight_map: z.record(z.string(), z.string()) })

/** Whether a file is the index of weights that are spread over several safetensors files. */
export function isShardIndex(path: string): boolean {
  return path.endsWith('.safetensors.index.json')
}

/** The files an index names, in the order of their names. They must lie beside it. */
export function shardFiles(path: string, json: unknown): string[] {
  const index = Index.safeParse(json)
  if (!index.success) throw new AppError('bad-file', `${path} has no weight_map of tensor names to files.`)
  const names = [...new Set(Object.values(index.data.weight_map))].sort()
  const stranger = names.find((name) => name !== basename(name) || !name.endsWith('.safetensors'))
  if (stranger !== undefined || names.length === 0)
    throw new AppError(
      'bad-file',
      `${path} names ${JSON.stringify(stranger ?? null)}; a safetensors file beside it expected.`,
    )
  return names.map((name) => join(dirname(path), name))
}

/** Opens all shards as one file. The caller closes it. */
export async function openShards(path: string, files: readonly string[]): Promise<TensorFile> {
  const shards: TensorFile[] = []
  const close = async () => {
    for (const shard of shards) await shard.close()
  }
  try {
    for (const file of files) shards.push(await openSafetensors(file))
    const owners = new Map<string, TensorFile>()
    const tensors = new Map<string, StoredTensor>()
    for (const shard of shards)
      for (const tensor of shard.tensors.values()) {
        if (owners.has(tensor.name))
          throw new AppError('bad-file', `${path}: two files hold the tensor ${tensor.name}.`)
        owners.set(tensor.name, shard)
        tensors.set(tensor.name, tensor)
      }
    const sizeBytes = shards.reduce((sum, shard) => sum + shard.sizeBytes, 0)
    return { path, sizeBytes, metadata: {}, tensors, read: (name) => owners.get(name)!.read(name), close }
  } catch (thrown) {
    await close()
    throw thrown
  }
}
