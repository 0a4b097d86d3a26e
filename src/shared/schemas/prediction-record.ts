import { z } from 'zod'

const count = () => z.number().int().nonnegative()

/** A pass over pictures, so that one that was broken off can be gone on with: same source, same CSV file. */
export const PredictionRecord = z.strictObject({
  /** of its task */
  id: z.string(),
  source: z.string().describe('id of a run, or an export folder'),
  /** images and folders that were given */
  paths: z.array(z.string()),
  csv: z.string().nullable(),
  top: count(),
  /** images answered so far, those of earlier starts included */
  done: count(),
  /** null while they are being looked for */
  total: count().nullable(),
  /** `interrupted`: the program ended under it */
  state: z.enum(['running', 'finished', 'failed', 'cancelled', 'interrupted']),
  /** ISO 8601 */
  startedAt: z.string(),
})
export type PredictionRecord = z.infer<typeof PredictionRecord>
