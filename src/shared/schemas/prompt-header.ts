import { z } from 'zod'
import { ClipArchitecture } from './model.ts'
import { PromptConfiguration } from './prompt.ts'

/** A value kept as JSON text, because the metadata of a safetensors file holds nothing but texts. */
function jsonText<Schema extends z.ZodType>(schema: Schema): z.ZodCodec<z.ZodString, Schema> {
  return z.codec(z.string(), schema, {
    decode: (text, context) => {
      try {
        return JSON.parse(text) as z.input<Schema>
      } catch {
        context.issues.push({ code: 'custom', input: text, message: 'is not JSON' })
        return z.NEVER
      }
    },
    encode: (value) => JSON.stringify(value),
  })
}

const share = () => jsonText(z.number().min(0).max(1))

/**
 * What a prompt file says about itself, with `z.decode` from and `z.encode` to the texts of its metadata.
 * Together with the CLIP it names it is enough to classify pictures; accuracies are in 0..1.
 */
export const PromptHeader = z.object({
  format: z.literal('dpl-prompt'),
  formatVersion: z.literal('1'),
  clipDigest: z.string().min(1),
  architecture: jsonText(ClipArchitecture),
  contextLengths: jsonText(PromptConfiguration),
  classNames: jsonText(z.array(z.string()).min(2)),
  template: z.string(),
  textInput: z.enum(['template', 'token-ensemble']),
  method: z.string(),
  seed: jsonText(z.number().int().nonnegative()),
  shots: jsonText(z.number().int().positive()),
  runId: z.string(),
  datasetFingerprint: z.string(),
  accuracy: share().optional().describe('of the prompts on the test split'),
  zeroShotAccuracy: share().optional().describe('of plain CLIP on the test split'),
  programVersion: z.string(),
  createdAt: z.string(),
})
export type PromptHeader = z.output<typeof PromptHeader>
