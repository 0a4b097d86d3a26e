import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The browser that tests drive: `DPLSTUDIO_CHROMIUM`, which `npm test` sets, or the first one in the path. */
export function findChromium(): string {
  const named = process.env['DPLSTUDIO_CHROMIUM']
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const inPath = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'].flatMap((name) =>
    folders.map((folder) => join(folder, name)),
  )
  const found = named ?? inPath.find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new Error(
    'No Chromium is installed. Install it (Debian: apt-get install chromium) or name one with DPLSTUDIO_CHROMIUM.',
  )
}
