import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { EpochReport } from '#shared/schemas/run'

/**
 * Adds a report as one line. A line torn by a crash is closed first, so that it spoils nothing behind it.
 */
export function appendEpoch(path: string, report: EpochReport): void {
  const torn = existsSync(path) && !/(^|\n)$/.test(readFileSync(path, 'utf8'))
  appendFileSync(path, `${torn ? '\n' : ''}${JSON.stringify(report)}\n`, { flush: true })
}

/**
 * The reports in order of stage and epoch. An epoch that was run again after a crash counts once, as it was last
 * written; torn lines are passed over: their epoch has not been finished.
 */
export function readEpochs(path: string): EpochReport[] {
  if (!existsSync(path)) return []
  const reports = new Map<string, EpochReport>()
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const report = parseLine(line)
    if (report !== null) reports.set(`${report.stage} ${report.epoch}`, report)
  }
  return [...reports.values()].sort((a, b) => a.stage.localeCompare(b.stage) || a.epoch - b.epoch)
}

/** Seconds spent in the finished epochs of a stage. */
export function stageSeconds(path: string, stage: EpochReport['stage']): number {
  return readEpochs(path).reduce((sum, report) => sum + (report.stage === stage ? report.seconds : 0), 0)
}

function parseLine(line: string): EpochReport | null {
  try {
    return EpochReport.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}
