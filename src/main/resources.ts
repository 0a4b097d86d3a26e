import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The path of a file the program ships with, for example `resource('clip-vocabulary', 'merges.txt.gz')`.
 * `resources/` is looked for from this module upwards, so it is found from the sources and from the built
 * program alike; `DPLSTUDIO_RESOURCES` names it where a package keeps it elsewhere.
 */
export function resource(...parts: string[]): string {
  return join(process.env['DPLSTUDIO_RESOURCES'] ?? findAbove(import.meta.dirname), ...parts)
}

function findAbove(folder: string): string {
  const candidate = join(folder, 'resources', 'clip-vocabulary')
  if (existsSync(candidate)) return dirname(candidate)
  const parent = dirname(folder)
  if (parent === folder) throw new Error('The folder resources/ is not where the program was installed')
  return findAbove(parent)
}
