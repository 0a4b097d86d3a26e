import { z } from 'zod'

/** What the user has set. Every field has a default, so that a damaged or older file costs one field, not all. */
export const Settings = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  textScale: z.number().min(1).max(2).default(1).describe('of the interface'),
  reducedMotion: z.enum(['system', 'reduce', 'allow']).default('system'),
  dominanceThreshold: z
    .number()
    .min(1)
    .max(1000)
    .default(10)
    .describe("how many times the second weight the winner's must be (the paper's 'much greater', Eq. 16)"),
  undecidedMargin: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('a layer whose two largest option weights differ by less is undecided (Eq. 14)'),
  network: z.enum(['off', 'allowed']).default('off').describe('whether weights and runtimes may be fetched'),
  device: z.enum(['auto', 'cpu']).default('auto'),
  notifications: z.boolean().default(true).describe('when a run ends or needs a decision'),
  keepAwake: z.boolean().default(true).describe('the machine while a run is going'),
  onClose: z
    .enum(['ask', 'background', 'stop'])
    .default('ask')
    .describe('what closing the window does to a run that is going'),
  pauseQueueOnFailure: z.boolean().default(false),
  shortcuts: z.record(z.string(), z.string()).default({}).describe('command to keys, where remapped'),
  lastFolders: z.record(z.string(), z.string()).default({}).describe('by purpose of the dialog'),
})
export type Settings = z.infer<typeof Settings>
export const SettingsChange = Settings.partial()
export type SettingsChange = z.infer<typeof SettingsChange>
