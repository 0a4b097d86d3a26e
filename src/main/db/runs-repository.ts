import { AppError, type SerializedError } from '#shared/errors'
import { ExportRecord, Run } from '#shared/schemas/run-record'
import { EpochReport, RunResult, type RunConfig, type RunKind, type RunStatus } from '#shared/schemas/run'
import type { Database } from './database.ts'

const COLUMNS = `id, name, kind, status, config, dataset_id AS datasetId, dataset_name AS datasetName,
  model_id AS modelId, model_name AS modelName, folder, created_at AS createdAt, started_at AS startedAt,
  finished_at AS finishedAt, error, dataset_fingerprint AS datasetFingerprint, notes,
  headline ->> '$.zeroShot.accuracy' AS zeroShotAccuracy, headline ->> '$.dpl.accuracy' AS accuracy,
  headline ->> '$.dpl.macroF1' AS macroF1,
  coalesce(headline ->> '$.dpl.images', headline ->> '$.zeroShot.images') AS testImages,
  headline -> '$.contextLengths' AS contextLengths,
  headline ->> '$.searchSeconds' AS searchSeconds, headline ->> '$.trainSeconds' AS trainSeconds`

/** What is stored of a run, apart from its epochs. */
export interface RunRow {
  id: string
  name: string
  kind: RunKind
  status: RunStatus
  config: RunConfig
  datasetId: string
  datasetName: string
  modelId: string
  modelName: string
  folder: string
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
  error: SerializedError | null
  datasetFingerprint: string
  notes: string
  result: RunResult
}

/** Runs, their epochs and what was exported of them. Rows in, domain objects out. */
export function createRunsRepository(db: Database) {
  const save = db.prepare(
    `INSERT INTO runs (id, name, kind, method, status, config, seed, shots, dataset_id, dataset_name, model_id,
       model_name, folder, created_at, started_at, finished_at, error, dataset_fingerprint, notes, headline)
     VALUES (@id, @name, @kind, @method, @status, @config, @seed, @shots, @datasetId, @datasetName, @modelId,
       @modelName, @folder, @createdAt, @startedAt, @finishedAt, @error, @datasetFingerprint, @notes, @headline)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status, config = excluded.config,
       folder = excluded.folder, started_at = excluded.started_at, finished_at = excluded.finished_at,
       error = excluded.error, dataset_fingerprint = excluded.dataset_fingerprint, notes = excluded.notes,
       headline = excluded.headline`,
  )
  const saveResult = db.prepare('INSERT OR REPLACE INTO run_results (run_id, result) VALUES (?, ?)')
  const byId = db.prepare(`SELECT ${COLUMNS} FROM runs WHERE id = ?`)
  const list = db.prepare(
    `SELECT ${COLUMNS} FROM runs WHERE dataset_id = coalesce(@datasetId, dataset_id) ORDER BY created_at DESC, id`,
  )
  const latestOfModel = db.prepare(
    `SELECT ${COLUMNS} FROM runs WHERE model_id = ? AND started_at IS NOT NULL ORDER BY created_at DESC LIMIT ?`,
  )
  const unfinished = db.prepare(`SELECT ${COLUMNS} FROM runs WHERE status IN ('queued', 'running')`)
  const result = db.prepare('SELECT result FROM run_results WHERE run_id = ?').pluck()
  const scoring = db.prepare(
    `SELECT json_array_length(result, '$.zeroShot.classes') AS classes, result ->> '$.zeroShot.images' AS images,
       result ->> '$.zeroShot.seconds' AS seconds FROM run_results WHERE run_id = ?`,
  )
  const setHeadline = db.prepare('UPDATE runs SET headline = ? WHERE id = ?')
  const setState = db.prepare(
    `UPDATE runs SET status = @status, error = @error, started_at = @startedAt, finished_at = @finishedAt
     WHERE id = @id`,
  )
  const annotate = db.prepare('UPDATE runs SET name = @name, notes = @notes WHERE id = @id')
  const remove = db.prepare('DELETE FROM runs WHERE id = ?')
  const addEpoch = db.prepare(
    'INSERT OR REPLACE INTO run_epochs (run_id, stage, epoch, report) VALUES (?, ?, ?, ?)',
  )
  const clearEpochs = db.prepare('DELETE FROM run_epochs WHERE run_id = ?')
  const epochsAfter = db
    .prepare(
      `SELECT report FROM run_epochs WHERE run_id = @id AND (stage, epoch) > (@stage, @epoch)
       ORDER BY stage, epoch`, // 'search' sorts before 'train'
    )
    .pluck()
  const addExport = db.prepare(
    `INSERT OR REPLACE INTO artifacts (run_id, kind, folder, files, created_at)
     VALUES (@runId, 'export', @folder, @files, @createdAt)`,
  )
  const exports = db.prepare(
    `SELECT run_id AS runId, folder, files, created_at AS createdAt FROM artifacts
     WHERE run_id = coalesce(?, run_id) AND kind = 'export' ORDER BY created_at, folder`,
  )

  const saveAll = db.transaction((run: RunRow) => {
    save.run({
      ...run,
      method: run.config.method,
      seed: run.config.seed,
      shots: run.config.shots,
      config: JSON.stringify(run.config),
      error: toJson(run.error),
      headline: headlineOf(run.result),
    })
    saveResult.run(run.id, JSON.stringify(run.result))
  })
  const setResult = db.transaction((id: string, value: RunResult) => {
    setHeadline.run(headlineOf(value), id)
    saveResult.run(id, JSON.stringify(value))
  })
  const replaceEpochs = db.transaction((id: string, reports: readonly EpochReport[]) => {
    clearEpochs.run(id)
    for (const report of reports) addEpoch.run(id, report.stage, report.epoch, JSON.stringify(report))
  })

  return {
    /** Stores a run, or what has changed of it. */
    save: (run: RunRow): void => saveAll.immediate(run),

    get(id: string): Run {
      const row = byId.get(id)
      if (row === undefined) throw notFound(id)
      return toRun(row)
    },

    has: (id: string): boolean => byId.get(id) !== undefined,

    /** Newest first. */
    list: (datasetId?: string): Run[] => list.all({ datasetId: datasetId ?? null }).map(toRun),

    /** Runs with a CLIP that began at some time, newest first. */
    latestOfModel: (modelId: string, limit: number): Run[] => latestOfModel.all(modelId, limit).map(toRun),

    unfinished: (): Run[] => unfinished.all().map(toRun),

    setState: (id: string, state: Pick<RunRow, 'status' | 'error' | 'startedAt' | 'finishedAt'>): void =>
      void setState.run({ ...state, id, error: toJson(state.error) }),

    annotate: (id: string, said: Pick<RunRow, 'name' | 'notes'>): void => void annotate.run({ ...said, id }),

    result(id: string): RunResult {
      const stored = result.get(id) as string | undefined
      if (stored === undefined) throw notFound(id)
      return RunResult.parse(JSON.parse(stored))
    },

    /** Over how much plain CLIP was scored and how long that took, without reading the matrices; null: not yet. */
    scoring(id: string): { classes: number; images: number; seconds: number } | null {
      const row = scoring.get(id) as { classes: number | null; images: number; seconds: number } | undefined
      return row === undefined || row.classes === null ? null : { ...row, classes: row.classes }
    },

    setResult: (id: string, value: RunResult): void => setResult.immediate(id, value),

    /** An epoch that was run again replaces its first report. */
    addEpoch: (id: string, report: EpochReport): void =>
      void addEpoch.run(id, report.stage, report.epoch, JSON.stringify(report)),

    replaceEpochs: (id: string, reports: readonly EpochReport[]): void => {
      replaceEpochs.immediate(id, reports)
    },

    /** In the order of time; all of them without `after`. */
    epochs: (id: string, after?: { stage: string; epoch: number }): EpochReport[] =>
      epochsAfter
        .all({ id, stage: after?.stage ?? '', epoch: after?.epoch ?? -1 })
        .map((report) => EpochReport.parse(JSON.parse(report as string))),

    addExport: (record: ExportRecord): void =>
      void addExport.run({ ...record, files: JSON.stringify(record.files) }),

    /** Of one run or of all, oldest first. */
    exports: (id?: string): ExportRecord[] =>
      exports.all(id ?? null).map((row) => {
        const record = row as Record<string, unknown> & { files: string }
        return ExportRecord.parse({ ...record, files: JSON.parse(record.files) as unknown })
      }),

    delete: (id: string): void => void remove.run(id),
  }
}

export type RunsRepository = ReturnType<typeof createRunsRepository>

function toRun(row: unknown): Run {
  const { config, error, contextLengths, ...plain } = row as Record<string, unknown>
  return Run.parse({
    ...plain,
    config: fromJson(config),
    error: fromJson(error),
    contextLengths: fromJson(contextLengths),
  })
}

/** What lists and headlines show of a result. */
function headlineOf(result: RunResult): string {
  return JSON.stringify(result, (key, value: unknown) =>
    key === 'classes' || key === 'confusion' ? undefined : value,
  )
}

function fromJson(text: unknown): unknown {
  return typeof text === 'string' ? JSON.parse(text) : null
}

function toJson(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value)
}

function notFound(id: string): AppError {
  return new AppError('not-found', `There is no run ${id}`, { hint: 'See them with: dplstudio runs' })
}
