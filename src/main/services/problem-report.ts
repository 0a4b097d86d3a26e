import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { arch, cpus, homedir, release, totalmem, type as systemType } from 'node:os'
import type { AppInfo } from '#shared/schemas/app'
import type { Dataset } from '#shared/schemas/dataset'
import type { EngineStatus } from '#shared/schemas/machine'
import type { Run } from '#shared/schemas/run-record'
import type { Settings } from '#shared/schemas/settings'

const RUNS_NAMED = 5
const LOG_BYTES = 8_000

export interface ReportParts {
  info: AppInfo
  settings: () => Settings
  engineStatus: () => EngineStatus
  runs: () => readonly Run[]
  engineLog: string
  /** whose names, folders and classes are nobody else's business */
  datasets: () => readonly Pick<Dataset, 'id' | 'name' | 'root' | 'importedFrom' | 'classes'>[]
}

/**
 * A readable account of this installation and what went wrong in it lately, to be read by the user before anybody
 * else. No pictures, no names of datasets or classes, and of paths only those below the data folder and the program.
 */
export function writeProblemReport(parts: ReportParts): string {
  const { info, settings, engineStatus, runs, engineLog } = parts
  const conceal = concealer(info, parts.datasets())
  const shown = { ...settings(), lastFolders: undefined }
  const failed = runs()
    .filter(({ error }) => error !== null)
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt))
    .slice(0, RUNS_NAMED)
  const sections: [string, string][] = [
    ['Program', `DPL Studio ${info.version}\nData folder ${info.dataFolder}`],
    [
      'Machine',
      `${systemType()} ${release()}, ${arch()}, Node ${process.versions.node}\n` +
        `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${gigabytes(totalmem())} GB of memory, ` +
        `${gigabytes(process.availableMemory())} GB available`,
    ],
    ['Engine', JSON.stringify(engineStatus(), null, 2)],
    ['Settings', JSON.stringify(shown, null, 2)],
    [
      'Runs that failed lately',
      failed.length === 0 ? 'none' : conceal(failed.map(describeFailure).join('\n\n')),
    ],
    ["Last lines of the engine's log", conceal(tailOf(engineLog))],
  ]
  const text = sections.map(([title, content]) => `## ${title}\n\n${content}\n`).join('\n')
  return `# Problem report of DPL Studio\n\n${text}`.replaceAll(homedir(), '~')
}

/** The id of a run contains the name of its dataset. */
function describeFailure({ id, name, kind, status, createdAt, error }: Run): string {
  const message = (error?.message ?? '').replaceAll(id, '<run>').replaceAll(name, '<run>')
  return `A run (${kind}, ${status}) of ${createdAt}\n${error?.code ?? ''}: ${message}`
}

/** Replaces what tells of the user's data, in texts that were not made for others. */
function concealer({ dataFolder }: AppInfo, datasets: ReturnType<ReportParts['datasets']>) {
  const folders = datasets.flatMap(({ root, importedFrom }) => [root, importedFrom])
  const words = datasets.flatMap(({ id, name, classes }) => [
    id,
    name,
    ...classes.flatMap((each) => [each.name, each.prompt]),
  ])
  // A folder of pictures may have spaces in its names, so that what follows it goes up to where a path surely ends.
  const inFolders = anyOf(folders, (folder) => `${folder}[^"'\\n:]*`)
  const anyWord = anyOf(words, (word) => `(?<![\\p{L}\\d])${word}(?![\\p{L}\\d])`, 'i')
  const path = /(?<![\w.~/\\<>-])(?:[A-Za-z]:[\\/]|\/)[^\s"':]+/g
  const isOurs = (found: string) =>
    [dataFolder, process.execPath, import.meta.dirname].some((own) => found.startsWith(own))
  return (text: string): string =>
    text
      .replace(inFolders, '<path>')
      .replace(path, (found) => (isOurs(found) ? found : '<path>'))
      .replace(anyWord, '<name>')
}

/** Matches any of some texts, the longest first; nothing where there are none. */
function anyOf(texts: readonly string[], around: (escaped: string) => string, flags = ''): RegExp {
  const sorted = [...new Set(texts)].filter((text) => text.length > 1).sort((a, b) => b.length - a.length)
  const escaped = sorted.map((text) => around(text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')))
  return new RegExp(escaped.length === 0 ? '(?!)' : escaped.join('|'), `gu${flags}`)
}

/** The end of a file that may be large. */
function tailOf(path: string): string {
  if (!existsSync(path)) return 'none'
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const length = Math.min(size, LOG_BYTES)
    const buffer = Buffer.alloc(length)
    readSync(file, buffer, 0, length, size - length)
    const text = buffer.toString('utf8')
    return (length < size ? text.slice(text.indexOf('\n') + 1) : text).trim() || 'none'
  } finally {
    closeSync(file)
  }
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1)
}
