import { z } from 'zod'

/** Runs of this program in the order in which they get the engine. */
export const RunQueue = z.strictObject({
  running: z.string().nullable().describe('id of the run at work'),
  waiting: z.array(z.string()).describe('ids, next first'),
  /** nothing new is started until it is released */
  held: z.boolean(),
  /** why it was held, when the program did it */
  reason: z.string().nullable(),
})
export type RunQueue = z.infer<typeof RunQueue>

/** What a run is going to take. Null where nothing is known. */
export const RunEstimate = z.strictObject({
  /** `measured` on this machine with these weights, or `modelled` from the cost of the arithmetic */
  basis: z.enum(['measured', 'modelled']),
  searchSeconds: z.number().nullable(),
  trainSeconds: z.number().nullable(),
  scoringSeconds: z.number().nullable().describe('zero-shot and test images'),
  memoryBytes: z.number().int(),
  availableMemoryBytes: z.number().int(),
  diskBytes: z.number().int(),
  freeDiskBytes: z.number().int(),
  /** what could be changed where it does not fit, most helpful first */
  offers: z.array(z.strictObject({ text: z.string(), field: z.string(), value: z.unknown() })),
})
export type RunEstimate = z.infer<typeof RunEstimate>

/** One test image as a method answered it. Labels are indices into the run's classes. */
export const ScoredImage = z.strictObject({
  /** place in the list of its split; with the run's id it names the picture (`/assets/runs/<id>/<split>/<index>`) */
  index: z.number().int().nonnegative(),
  path: z.string(),
  label: z.number().int(),
  predicted: z.number().int(),
  /** most probable first, at most five */
  top: z.array(z.strictObject({ label: z.number().int(), probability: z.number() })),
  /** what plain CLIP answered, where it is known */
  zeroShotPredicted: z.number().int().nullable(),
})
export type ScoredImage = z.infer<typeof ScoredImage>
