import { z } from 'zod'

/** The two transformers of CLIP. */
export const Branch = z.enum(['text', 'image'])
export type Branch = z.infer<typeof Branch>

/** One value per branch. */
export type PerBranch<Value> = Record<Branch, Value>

const ContextLengths = z.array(z.number().int().min(0).max(64)).min(1)

/** The context length of every layer of both branches; 0 is a layer without a prompt. */
export const PromptConfiguration = z.strictObject({ text: ContextLengths, image: ContextLengths })
export type PromptConfiguration = z.infer<typeof PromptConfiguration>
