import { z } from 'zod'

/** What the shell around the application can do. Clients ask for these and never for the shell's name. */
export const Capabilities = z.strictObject({
  /** `native`: the system's own dialogs, through `shell/choose`; `browse`: only `folders/browse` */
  chooser: z.enum(['native', 'browse']),
  /** files can be shown in the system's file manager */
  reveal: z.boolean(),
  /** files that the user drops have to be sent, because client and program do not share a disk */
  upload: z.boolean(),
})
export type Capabilities = z.infer<typeof Capabilities>

export const AppInfo = z.strictObject({
  version: z.string(),
  dataFolder: z.string(),
  platform: z.string(),
  /** the folder of sample pictures that ships with the program */
  sampleFolder: z.string(),
  /** where exports go unless told otherwise */
  exportFolder: z.string(),
  capabilities: Capabilities,
})
export type AppInfo = z.infer<typeof AppInfo>

/** What a folder holds, for choosing one where there is no system dialog. */
export const FolderListing = z.strictObject({
  path: z.string(),
  /** null at the top of what may be browsed */
  parent: z.string().nullable(),
  roots: z.array(z.strictObject({ name: z.string(), path: z.string() })),
  entries: z.array(
    z.strictObject({
      name: z.string(),
      path: z.string(),
      kind: z.enum(['folder', 'file']),
      bytes: z.number(),
    }),
  ),
  /** there were more entries than are listed */
  truncated: z.boolean(),
})
export type FolderListing = z.infer<typeof FolderListing>

/** What a dialog is opened for; the last folder is remembered per purpose. */
export const ChoiceRequest = z.strictObject({
  kind: z.enum(['folder', 'file', 'files', 'save']),
  purpose: z.string().min(1),
  title: z.string(),
  /** file name endings without the dot; none: any */
  extensions: z.array(z.string()).default([]),
  suggestedName: z.string().optional(),
})
export type ChoiceRequest = z.infer<typeof ChoiceRequest>
