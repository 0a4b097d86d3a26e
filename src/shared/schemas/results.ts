import { z } from 'zod'

/** The share of equal answers and the largest probability difference between two ways to score the same images. */
export const Verification = z.strictObject({
  images: z.number().int().nonnegative(),
  maxProbabilityDifference: z.number(),
  agreement: z.number(),
  tolerance: z.number(),
  passed: z.boolean(),
})
export type Verification = z.infer<typeof Verification>

/** The most probable classes of one picture, best first, or why there are none. */
export const Prediction = z.strictObject({
  path: z.string(),
  error: z.string().optional(),
  classes: z.array(z.strictObject({ name: z.string(), probability: z.number() })),
})
export type Prediction = z.infer<typeof Prediction>

/** What the engine computes with, and whether it computes rightly. */
export const EngineDescription = z.strictObject({
  backend: z.string(),
  usingGpu: z.boolean(),
  deviceName: z.string().nullable(),
  tensorflowVersion: z.string(),
  bindingVersion: z.string(),
  selfTest: z.array(z.strictObject({ name: z.string(), passed: z.boolean(), detail: z.string() })),
})
export type EngineDescription = z.infer<typeof EngineDescription>
