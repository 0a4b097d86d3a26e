/**
 * The schema, as steps that are only ever added to: a database of any earlier program is brought up to date by
 * the steps it has not seen. Everything in it can be rebuilt from the files of the data folder.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE datasets (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    root TEXT NOT NULL,
    imported_from TEXT NOT NULL,
    source TEXT NOT NULL,
    split TEXT NOT NULL, -- JSON: SplitOrigin
    fingerprint TEXT NOT NULL,
    imported_at TEXT NOT NULL,
    report TEXT NOT NULL -- JSON: ImportReport
  ) STRICT;
  CREATE INDEX datasets_by_origin ON datasets (imported_from);

  CREATE TABLE classes (
    dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    label INTEGER NOT NULL,
    name TEXT NOT NULL,
    prompt TEXT NOT NULL,
    folder TEXT,
    train INTEGER NOT NULL,
    validation INTEGER NOT NULL,
    test INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, label)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE images (
    dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- the order decides what a seed draws
    path TEXT NOT NULL,
    label INTEGER NOT NULL,
    split TEXT NOT NULL CHECK (split IN ('train', 'validation', 'test')),
    hash TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    modified REAL NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    look_alikes INTEGER,
    PRIMARY KEY (dataset_id, position)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE models (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    architecture TEXT NOT NULL, -- JSON: ClipArchitecture
    imported_at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    config TEXT NOT NULL, -- JSON: RunConfig
    seed INTEGER NOT NULL,
    shots INTEGER NOT NULL,
    -- Not references: a run outlives the dataset and the model it was made with.
    dataset_id TEXT NOT NULL,
    dataset_name TEXT NOT NULL,
    model_id TEXT NOT NULL,
    model_name TEXT NOT NULL,
    folder TEXT NOT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    error TEXT, -- JSON: SerializedError
    result TEXT NOT NULL DEFAULT '{}' -- JSON: RunResult
  ) STRICT;
  CREATE INDEX runs_by_time ON runs (created_at);
  CREATE INDEX runs_by_dataset ON runs (dataset_id, created_at);

  CREATE TABLE run_epochs (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    stage TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    report TEXT NOT NULL, -- JSON: EpochReport
    PRIMARY KEY (run_id, stage, epoch)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE artifacts (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    folder TEXT NOT NULL,
    files TEXT NOT NULL, -- JSON: names
    created_at TEXT NOT NULL,
    PRIMARY KEY (run_id, kind, folder)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Matrices of many classes are long, and a list of runs shows none of them.
  CREATE TABLE run_results (
    run_id TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    result TEXT NOT NULL -- JSON: RunResult
  ) STRICT;
  INSERT INTO run_results SELECT id, result FROM runs;
  ALTER TABLE runs RENAME COLUMN result TO headline; -- JSON: RunResult without classes and confusion
  UPDATE runs SET headline = json_remove(headline, '$.zeroShot.classes', '$.zeroShot.confusion',
    '$.supprompt.classes', '$.supprompt.confusion', '$.dpl.classes', '$.dpl.confusion');
  ALTER TABLE runs ADD COLUMN dataset_fingerprint TEXT NOT NULL DEFAULT '';
  ALTER TABLE runs ADD COLUMN notes TEXT NOT NULL DEFAULT '';
  `,
  `
  -- What edits made of a dataset stands where the import was; what the import gave, beside it.
  ALTER TABLE datasets ADD COLUMN template TEXT;
  ALTER TABLE datasets ADD COLUMN excluded TEXT; -- JSON: Dataset.excluded
  ALTER TABLE datasets ADD COLUMN history TEXT; -- JSON: Dataset.history
  ALTER TABLE datasets ADD COLUMN base TEXT; -- JSON: Dataset; NULL: as the other columns say
  ALTER TABLE images ADD COLUMN base_label INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE images ADD COLUMN base_split TEXT NOT NULL DEFAULT '';
  ALTER TABLE images ADD COLUMN excluded INTEGER NOT NULL DEFAULT 0; -- 0 in, 1 left out, 2 its class is left out
  UPDATE images SET base_label = label, base_split = split;
  `,
]
