import { z } from 'zod'
import { RelativePath, Split, SplitFractions } from './dataset.ts'

const Label = z.number().int().nonnegative()
const paths = z.array(RelativePath).min(1)

/**
 * One change to a dataset. The files of the user are never touched: an edit changes what the program makes of them.
 * Labels are those of the dataset as it is when the edit is made.
 */
export const DatasetEdit = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('rename-dataset'), name: z.string().trim().min(1).max(200) }),
  z.strictObject({
    kind: z.literal('set-template'),
    template: z.string().refine((t) => t.includes('{}'), 'the template needs {} for the class name'),
  }),
  /** the words of several classes at once: one edit is one undo */
  z.strictObject({
    kind: z.literal('set-prompts'),
    prompts: z.array(z.strictObject({ label: Label, prompt: z.string().trim().min(1) })).min(1),
  }),
  z.strictObject({ kind: z.literal('rename-class'), label: Label, name: z.string().trim().min(1) }),
  z.strictObject({ kind: z.literal('merge-classes'), labels: z.array(Label).min(1), into: Label }),
  z.strictObject({ kind: z.literal('exclude-class'), label: Label }),
  z.strictObject({ kind: z.literal('include-class'), name: z.string().min(1) }),
  z.strictObject({ kind: z.literal('move-images'), paths, label: Label }),
  z.strictObject({ kind: z.literal('exclude-images'), paths }),
  z.strictObject({ kind: z.literal('include-images'), paths }),
  z.strictObject({ kind: z.literal('set-split'), paths, split: Split }),
  z.strictObject({ kind: z.literal('resplit'), seed: z.number().int(), fractions: SplitFractions }),
])
export type DatasetEdit = z.infer<typeof DatasetEdit>
