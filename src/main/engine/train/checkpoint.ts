import { existsSync } from 'node:fs'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import * as tf from '../tensor/tf.ts'
import type { NamedTensors } from '../tensor/memory.ts'
import { readSafetensors, writeSafetensors, type NamedTensor } from '../tensor/safetensors.ts'
import type { StagePoint } from '../optim/epochs.ts'

const Header = z.strictObject({
  format: z.literal('dpl-checkpoint'),
  formatVersion: z.literal('1'),
  runId: z.string(),
  stage: z.enum(['search', 'train']),
  /** JSON: finished epochs, finished steps, sums over those steps */
  position: z.string(),
})

const Position = z.strictObject({
  epoch: z.number().int().nonnegative(),
  step: z.number().int().nonnegative(),
  totals: z.record(z.string(), z.number()),
})

/** Which stage of which run a checkpoint belongs to. */
export interface CheckpointOwner {
  readonly runId: string
  readonly stage: 'search' | 'train'
}

/** Writes where a stage stands: tensors bit by bit, position as JSON. The old file stays until the new one is whole. */
export async function saveCheckpoint(
  path: string,
  owner: CheckpointOwner,
  { state, epoch, step, totals }: StagePoint<string>,
): Promise<void> {
  const tensors: Record<string, NamedTensor> = {}
  for (const [name, tensor] of Object.entries(state))
    tensors[name] = { shape: tensor.shape, data: (await tensor.data()) as Float32Array }
  const position = JSON.stringify({ epoch, step, totals })
  writeSafetensors(path, tensors, {
    metadata: { format: 'dpl-checkpoint', formatVersion: '1', ...owner, position },
  })
}

/**
 * Where the stage stood when it was last saved, or null when there is nothing of this stage. `like` is a fresh state
 * of the stage: the file must hold the same tensors. The caller owns the state.
 */
export async function loadCheckpoint<Name extends string>(
  path: string,
  owner: CheckpointOwner,
  like: StagePoint<Name>,
): Promise<StagePoint<Name> | null> {
  if (!existsSync(path)) return null
  const { metadata, tensors } = await readSafetensors(path)
  const header = Header.safeParse(metadata)
  if (!header.success || header.data.runId !== owner.runId)
    throw damaged(path, 'it is not a checkpoint of this run')
  if (header.data.stage !== owner.stage) return null
  const position = parsePosition(path, header.data.position, like)
  checkTensors(path, like.state, tensors)
  const state: Record<string, tf.Tensor> = {}
  for (const [name, { shape, data }] of tensors) state[name] = tf.tensor(data, [...shape])
  return { state, ...position }
}

function parsePosition<Name extends string>(
  path: string,
  text: string,
  like: StagePoint<Name>,
): Omit<StagePoint<Name>, 'state'> {
  const { epoch, step, totals } = Position.parse(JSON.parse(text))
  if (Object.keys(totals).sort().join() !== Object.keys(like.totals).sort().join())
    throw damaged(path, 'its sums are those of another version')
  return { epoch, step, totals: totals as StagePoint<Name>['totals'] }
}

function checkTensors(path: string, like: NamedTensors, tensors: ReadonlyMap<string, NamedTensor>): void {
  const describe = (entries: Iterable<[string, { shape: readonly number[] }]>) =>
    [...entries]
      .map(([name, { shape }]) => `${name} [${shape.join(', ')}]`)
      .sort()
      .join('; ')
  const expected = describe(Object.entries(like))
  const found = describe(tensors)
  if (expected !== found) throw damaged(path, `it should hold ${expected} but holds ${found}`)
}

function damaged(path: string, why: string): AppError {
  return new AppError('bad-file', `The checkpoint ${path} cannot be used: ${why}.`, {
    hint: 'Delete the file to begin its stage again; finished stages are kept.',
  })
}
