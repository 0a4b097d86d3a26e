import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { thisPlatform } from './packs.ts'
import { packSource, type PackName } from './sources.ts'

/** What pip asks when the user has set up nothing else; pip knows its address, we need not. */
const PYTHON_INDEX = ['the public Python package index']

/** The hosts that are asked for a pack's files when they are fetched; none for a pack this platform has not. */
export function fetchHosts(
  pack: PackName,
  { platform = thisPlatform, pythonIndex = pythonIndexHosts } = {},
): string[] {
  const origins = packSource(pack, platform)?.archives.map(({ origin }) => origin) ?? []
  const hosts = origins.flatMap((origin) => ('url' in origin ? [new URL(origin.url).host] : pythonIndex()))
  return [...new Set(hosts)]
}

/** Those of the mirror that the user's pip is set up for, else the public index. */
export function pythonIndexHosts(
  env: NodeJS.ProcessEnv = process.env,
  files: readonly string[] = pipFiles(env),
): string[] {
  const set = [env['PIP_INDEX_URL'], ...files.map(indexOf)].find((url) => url !== undefined && url !== '')
  return set !== undefined && URL.canParse(set) ? [new URL(set).host] : PYTHON_INDEX
}

/** Where pip looks for its settings, the strongest first. */
function pipFiles(env: NodeJS.ProcessEnv): string[] {
  const home = homedir()
  return [
    ...(env['PIP_CONFIG_FILE'] === undefined ? [] : [env['PIP_CONFIG_FILE']]),
    join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'pip', 'pip.conf'),
    join(home, '.pip', 'pip.conf'),
    join(home, 'Library', 'Application Support', 'pip', 'pip.conf'),
    '/etc/pip.conf',
  ]
}

function indexOf(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  return /^\s*index-url\s*=\s*(\S+)/m.exec(readFileSync(file, 'utf8'))?.[1]
}
