import { z } from 'zod'
import { ClipArchitecture, ClipSource } from './model.ts'

/** The id of the CLIP that ships with the program. */
export const STARTER_MODEL = 'starter'

/** CLIP weights that the program knows. The files stay where they are. */
export const RegisteredModel = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1),
  /** absolute folder or file of the weights */
  path: z.string().min(1),
  source: ClipSource,
  /** of the weights, as found when they were registered */
  digest: z.string().min(1),
  sizeBytes: z.number().int().nonnegative(),
  architecture: ClipArchitecture,
  /** ISO 8601 */
  importedAt: z.string(),
})
export type RegisteredModel = z.infer<typeof RegisteredModel>
