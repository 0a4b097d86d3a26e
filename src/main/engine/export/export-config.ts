import { z } from 'zod'
import { ClipArchitecture, ImagePreprocessing } from '#shared/schemas/model'
import { PromptConfiguration } from '#shared/schemas/prompt'

/** Names of the files of an export, as they stand in its folder. */
export const exportFiles = {
  config: 'config.json',
  readme: 'README.md',
  loader: 'load_prompts.py',
  prompt: 'prompt.safetensors',
  classifier: 'classifier.safetensors',
  classes: 'classes.json',
  preprocessor: 'preprocessor_config.json',
  verification: 'verification.json',
  alphaText: 'alpha-text.npy',
  alphaImage: 'alpha-image.npy',
} as const

/** A plain file name: what an export lists never leads out of its folder. */
const FileName = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/)

/** `config.json` of an export: with the CLIP it names, everything another program needs to classify pictures. */
export const ExportConfig = z.object({
  format: z.literal('dpl-export'),
  formatVersion: z.literal(1),
  programVersion: z.string(),
  createdAt: z.string(),
  run: z.object({ id: z.string(), name: z.string() }),
  dataset: z.object({ name: z.string(), fingerprint: z.string() }),
  model: z.object({ name: z.string(), digest: z.string() }),
  method: z.string(),
  seed: z.number().int(),
  shots: z.number().int(),
  architecture: ClipArchitecture,
  contextLengths: PromptConfiguration,
  template: z.string(),
  textInput: z.enum(['template', 'token-ensemble']),
  classNames: z.array(z.string()).min(2),
  classTexts: z.array(z.array(z.string())).describe('of each class, one per template'),
  classTokens: z
    .array(z.array(z.array(z.number().int().nonnegative())))
    .describe('token ids of the class texts, from the start token to the end token'),
  preprocessing: ImagePreprocessing,
  logitScale: z.number().positive(),
  accuracy: z.number().optional(),
  zeroShotAccuracy: z.number().optional(),
  files: z.record(FileName, z.string()).describe('SHA-256 of every file that programs read'),
})
export type ExportConfig = z.infer<typeof ExportConfig>

/** What the run answered to some test images when it was exported, for others to be held against. */
export const ExportedAnswers = z.object({
  imageFolder: z.string().describe('what the paths start from; change it when the images were moved'),
  images: z.array(
    z.object({
      path: z.string(),
      label: z.number().int().nonnegative(),
      probabilities: z.array(z.number().min(0).max(1)),
    }),
  ),
})
export type ExportedAnswers = z.infer<typeof ExportedAnswers>
