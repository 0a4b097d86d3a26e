import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

const folderName = 'dpl-studio'

/** What the place of the data folder depends on. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv
  readonly platform: string
  readonly home: string
}

/**
 * The folder that holds everything DPL Studio keeps: database, runs, models, runtime packs. In this order:
 * the `--data-dir` of the command line, `DPLSTUDIO_DATA`, the platform's place for a user's data.
 */
export function dataFolder(
  dataDir?: string,
  { env, platform, home }: Surroundings = { env: process.env, platform: process.platform, home: homedir() },
): string {
  const chosen = dataDir ?? env['DPLSTUDIO_DATA']
  if (chosen !== undefined && chosen !== '') return resolve(chosen)
  return join(platformFolder({ env, platform, home }), folderName)
}

function platformFolder({ env, platform, home }: Surroundings): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support')
  if (platform === 'win32') return env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local')
  // A relative XDG_DATA_HOME is invalid by its specification and has to be ignored.
  const xdg = env['XDG_DATA_HOME']
  return xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'share')
}
