import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { arch, cpus, homedir, release, totalmem, type as systemType } from 'node:os'
import type { AppInfo } from '#shared/schemas/app'
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
}

/**
 * A readable account of this installation and what went wrong in it lately, to be read by the user before anybody
 * else. No pictures and no names of datasets or classes; only the log may name a file. The user's folder becomes `~`.
 */
export function writeProblemReport({ info, settings, engineStatus, runs, engineLog }: ReportParts): string {
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
    ['Runs that failed lately', failed.length === 0 ? 'none' : failed.map(describeFailure).join('\n\n')],
    ["Last lines of the engine's log", tailOf(engineLog)],
  ]
  const text = sections.map(([title, content]) => `## ${title}\n\n${content}\n`).join('\n')
  return `# Problem report of DPL Studio\n\n${text}`.replaceAll(homedir(), '~')
}

function describeFailure({ id, kind, status, createdAt, error }: Run): string {
  return `${id} (${kind}, ${status}, ${createdAt})\n${error?.code ?? ''}: ${error?.message ?? ''}`
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
