import type { Capabilities, ChoiceRequest } from '#shared/schemas/app'

/** What the surroundings do for the application: a window has the system's dialogs, a server has none. */
export interface Shell {
  readonly capabilities: Capabilities
  /** folders that `folders/browse` may look into; null: every folder this user may read */
  readonly browseRoots: readonly string[] | null
  /** Opens the system's dialog in `folder`; no paths: the user closed it. Only where `chooser` is `native`. */
  choose?(request: ChoiceRequest, folder: string | undefined): Promise<string[]>
  /** Shows a file in the system's file manager. Only where `reveal` is true. */
  reveal?(path: string): Promise<void>
}

/** The surroundings of a command line: nobody is there to be asked. */
export const noShell: Shell = {
  capabilities: { chooser: 'browse', reveal: false, upload: false },
  browseRoots: null,
}
