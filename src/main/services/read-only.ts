import type { Handlers, RequestName } from '#shared/contract'
import { AppError } from '#shared/errors'

/** What may be asked of a data folder that another process owns. Whatever is not named here may change it. */
const READING: readonly RequestName[] = [
  'app/info',
  'app/problem-report',
  'shell/choose',
  'shell/reveal',
  'folders/browse',
  'settings/get',
  'machine/report',
  'runtime/list',
  // Packs have a lock of their own.
  'runtime/install',
  'storage/usage',
  'datasets/list',
  'datasets/get',
  'datasets/find',
  'datasets/images',
  'datasets/count-images',
  'datasets/count-tokens',
  'datasets/few-shot',
  'datasets/preview-split',
  'datasets/check',
  'models/list',
  'models/get',
  'models/find',
  'models/known',
  'runs/plan',
  'runs/estimate',
  'runs/queue',
  'runs/list',
  'runs/get',
  'runs/result',
  'runs/epochs',
  'runs/progress',
  'runs/scored-images',
  'runs/card',
  'runs/classes',
  'runs/exports',
  'exports/list',
  'predictions/recent',
  'engine/status',
  'engine/describe',
  'tasks/list',
  'tasks/get',
  'tasks/cancel',
]

/** The same answers, but nothing changes. */
export function readOnly(handlers: Handlers): Handlers {
  const refused = Object.keys(handlers)
    .filter((name) => !READING.includes(name as RequestName))
    .map((name) => [name, refuse])
  return { ...handlers, ...(Object.fromEntries(refused) as Partial<Handlers>) }
}

function refuse(): never {
  throw new AppError('locked', 'Nothing can be changed: another DPL Studio is at work in this data folder.', {
    hint: 'Wait until it has ended, then open this one again.',
  })
}
