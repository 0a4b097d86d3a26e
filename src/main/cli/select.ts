import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError } from '#shared/errors'
import { Split, type Dataset } from '#shared/schemas/dataset'
import { STARTER_MODEL, type RegisteredModel } from '#shared/schemas/registered-model'
import type { CommandContext } from './command.ts'
import { runTask } from './follow.ts'
import { counted } from './format.ts'
import { nearest } from './nearest.ts'

/** The dataset with an id or name, or the one at a path, which is imported when it is new or has changed. */
export async function selectDataset(context: CommandContext, wanted: string): Promise<Dataset> {
  const { api, progress } = context
  const known = await api.request('datasets/list', {})
  const named = known.find(({ id }) => id === wanted) ?? known.findLast(({ name }) => name === wanted)
  if (named !== undefined) return named
  if (!existsSync(wanted)) throw notFound('dataset', wanted, known)
  const path = resolve(wanted)
  const before = await api.request('datasets/find', { path })
  if (before !== null && (await isUnchanged(context, before))) {
    progress.line(`Using the dataset ${before.id}, imported from ${path} before`)
    return before
  }
  const { dataset } = await runTask(context, 'dataset-import', () => api.request('datasets/import', { path }))
  progress.line(`Imported ${dataset.id}: ${imageCounts(dataset)}`)
  return dataset
}

/** The CLIP with an id or name, the one at a path, or the one that ships with the program. */
export async function selectModel(
  context: CommandContext,
  wanted: string = STARTER_MODEL,
): Promise<RegisteredModel> {
  const { api } = context
  const register = async (start: Parameters<typeof runTask>[2]) =>
    (await runTask(context, 'model-import', start)).model
  if (wanted === STARTER_MODEL) return await register(() => api.request('models/import-starter', {}))
  const known = await api.request('models/list', {})
  const named = known.find(({ id }) => id === wanted) ?? known.findLast(({ name }) => name === wanted)
  if (named !== undefined) return named
  if (!existsSync(wanted)) throw notFound('model', wanted, known)
  const path = resolve(wanted)
  const before = await api.request('models/find', { path })
  return before ?? (await register(() => api.request('models/import', { path })))
}

/** The dataset with an id or name; nothing is imported. */
export async function findDataset(api: CommandContext['api'], wanted: string): Promise<Dataset> {
  const known = await api.request('datasets/list', {})
  return (
    known.find(({ id, name }) => id === wanted || name === wanted) ??
    (await api.request('datasets/get', { id: wanted }))
  )
}

/** A split as people name it. */
export function parseSplit(text: string): Split {
  const parsed = Split.safeParse(text === 'val' ? 'validation' : text)
  if (parsed.success) return parsed.data
  throw new AppError('invalid-input', `There is no split ${text}`, {
    hint: `Choose from: ${Split.options.join(', ')}`,
  })
}

/** "10 classes, 200 train, 40 validation and 97 test images" */
export function imageCounts({ classes, counts: { train, validation, test } }: Dataset): string {
  return `${counted(classes.length, 'class', 'classes')}, ${train} train, ${validation} validation and ${test} test images`
}

async function isUnchanged(context: CommandContext, { id }: Dataset): Promise<boolean> {
  const check = await runTask(context, 'dataset-check', () => context.api.request('datasets/check', { id }))
  return check.unchanged
}

function notFound(what: 'dataset' | 'model', wanted: string, known: readonly { id: string }[]): AppError {
  const meant = nearest(
    wanted,
    known.map(({ id }) => id),
  )
  return new AppError('not-found', `${wanted} is neither a known ${what} nor a path`, {
    hint: `${meant === undefined ? '' : `Did you mean ${meant}? `}See them with: dplstudio ${what} list`,
  })
}
