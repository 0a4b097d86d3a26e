import type { RegisteredModel } from '#shared/schemas/registered-model'
import { messages } from '../../messages/messages.ts'
import { areSeeds, type Draft } from './draft.ts'
import { problemsOf } from './fields.ts'
import { problemText } from './problem-text.ts'

/** What has to be put right before a draft can be a run, by field, in the order of the page. */
export function objectionsTo(draft: Draft, model: RegisteredModel | undefined): ReadonlyMap<string, string> {
  const words = messages.newRun
  const objections = new Map<string, string>()
  if (draft.kind === 'train')
    for (const branch of ['text', 'image'] as const) {
      const lengths = draft.config.train?.contextLengths?.[branch]
      const depth = model?.architecture[branch].depth
      const fits = lengths !== undefined && lengths.every((length) => Number.isInteger(length) && length >= 0)
      if (!fits || (depth !== undefined && lengths.length !== depth))
        objections.set(`train.contextLengths.${branch}`, words.lengths.wrong(depth ?? 12))
    }
  if (draft.modelId === '') objections.set('modelId', words.noModel)
  if (!areSeeds(draft.seeds)) objections.set('seeds', words.seedsWrong)
  // The seed of the configuration is one of the seeds.
  const config = { ...draft.config, seed: 1 }
  for (const [path, issue] of problemsOf(config))
    if (!objections.has(path)) objections.set(path, problemText(issue))
  return objections
}
