import { existsSync } from 'node:fs'
import { z } from 'zod'
import { PredictionRecord } from '#shared/schemas/prediction-record'
import { AppError } from '#shared/errors'
import { readJson, writeJson } from '#main/files'

const KEPT = 10
/** Progress is written at most this often: it tells how far a pass came, and the CSV file knows it exactly. */
const PROGRESS_INTERVAL_MS = 2_000

/** The last passes over pictures, in a small file. A pass that was running when the program ended is interrupted. */
export function openPredictionRecords(file: string) {
  const ours = new Set<string>()
  let lastWritten = 0
  let records: PredictionRecord[] | null = null

  const read = (): PredictionRecord[] => (records ??= readRecords(file))

  function write(changed: PredictionRecord[]): void {
    records = changed.slice(0, KEPT)
    lastWritten = performance.now()
    writeJson(file, records)
  }

  function changed(id: string, changes: Partial<PredictionRecord>): PredictionRecord[] {
    return read().map((record) => (record.id === id ? { ...record, ...changes } : record))
  }

  return {
    /** Newest first. */
    list: (): PredictionRecord[] =>
      read().map((record) =>
        record.state === 'running' && !ours.has(record.id) ? { ...record, state: 'interrupted' } : record,
      ),

    add(record: PredictionRecord): void {
      ours.add(record.id)
      write([record, ...read()])
    },

    change: (id: string, changes: Partial<PredictionRecord>): void => write(changed(id, changes)),

    progress(id: string, done: number): void {
      if (performance.now() - lastWritten >= PROGRESS_INTERVAL_MS) write(changed(id, { done }))
      else records = changed(id, { done })
    },
  }
}

/** A damaged list is forgotten: it only helps to find what is in the CSV files anyway. */
function readRecords(file: string): PredictionRecord[] {
  try {
    return existsSync(file) ? readJson(file, z.array(PredictionRecord)) : []
  } catch (thrown) {
    if (AppError.from(thrown).code === 'bad-file') return []
    throw thrown
  }
}
