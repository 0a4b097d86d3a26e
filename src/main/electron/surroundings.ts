import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'

/** The file that a double click opens: it names a folder of pictures, from where it lies itself. */
const ProjectFile = z.object({ format: z.literal(1), pictures: z.string().min(1) })

/** What the program was started with. */
export interface StartArguments {
  dataDir: string | undefined
  /** a folder or file to open, absolute */
  path: string | undefined
}

/**
 * Reads what follows Electron on its command line. Switches that are Chromium's are not ours to judge. Unless
 * packaged, the first word is our own folder.
 */
export function startArguments(args: readonly string[], folder: string, isPackaged: boolean): StartArguments {
  let isProgram = !isPackaged
  let dataDir: string | undefined
  let path: string | undefined
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!
    if (word === '--data-dir') dataDir = args[++at]
    else if (word.startsWith('--data-dir=')) dataDir = word.slice('--data-dir='.length)
    else if (!word.startsWith('-')) {
      if (!isProgram) path = resolve(folder, word)
      isProgram = false
    }
  }
  return { dataDir, path }
}

/** The folder that a `.dplproj` file names; any other path is meant itself, and so is one that cannot be read. */
export function openedPath(path: string): string {
  if (!path.toLowerCase().endsWith('.dplproj')) return path
  try {
    const { pictures } = ProjectFile.parse(JSON.parse(readFileSync(path, 'utf8')))
    return resolve(dirname(path), pictures)
  } catch {
    return path
  }
}

/**
 * Whether the window is drawn on another machine, as with `ssh -X`: there is no graphics card at the other end of
 * that line, and a picture drawn by one here would have to be sent as a whole again and again.
 */
export function isForwardedDisplay(env: NodeJS.ProcessEnv): boolean {
  const host = /^(.*):\d+(\.\d+)?$/.exec(env['DISPLAY'] ?? '')?.[1]
  if (host === undefined || host.startsWith('/')) return false
  return host !== '' && host !== 'unix'
}
