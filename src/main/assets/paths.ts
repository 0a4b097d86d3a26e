import { realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'

/**
 * The decoded parts of a URL's path, or null when one of them could lead anywhere but down: `..`, separators and NUL
 * in any spelling, empty parts.
 */
export function safeParts(pathname: string): string[] | null {
  if (!pathname.startsWith('/')) return null
  try {
    const parts = pathname.slice(1).split('/').map(decodeURIComponent)
    return parts.every(isPlainName) ? parts : null
  } catch {
    return null
  }
}

/** Whether a name is one step down, on any platform. */
function isPlainName(name: string): boolean {
  // A colon names a drive or a second stream of a file on Windows.
  const separators = process.platform === 'win32' ? /[/\\\0:]/ : /[/\\\0]/
  return name !== '' && name !== '.' && name !== '..' && !separators.test(name)
}

/** The real path of something below a folder; null when it is not there, or a link leads out of the folder. */
export async function realPathBelow(folder: string, parts: readonly string[]): Promise<string | null> {
  try {
    const [root, path] = await Promise.all([realpath(folder), realpath(join(folder, ...parts))])
    return path.startsWith(root.endsWith(sep) ? root : root + sep) ? path : null
  } catch {
    return null
  }
}
