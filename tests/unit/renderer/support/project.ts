import { Dataset } from '#shared/schemas/dataset'
import { RunConfig } from '#shared/schemas/run'
import { Run } from '#shared/schemas/run-record'

/** A dataset as the program tells of it, with what a test cares about. */
export function datasetOf(wanted: Partial<Dataset> = {}): Dataset {
  const counts = { train: 4, validation: 2, test: 3 }
  return Dataset.parse({
    id: 'pets',
    name: 'Pets',
    root: '/pictures',
    importedFrom: '/pictures',
    source: 'class-folders',
    classes: ['cat', 'dog'].map((name) => ({ name, prompt: name, folder: name, counts })),
    counts: { train: 8, validation: 4, test: 6 },
    split: { origin: 'seeded', seed: 1, fractions: { train: 0.5, validation: 0.2, test: 0.3 } },
    fingerprint: 'a'.repeat(64),
    importedAt: '2026-01-01T00:00:00.000Z',
    report: { problems: [], totals: {}, excluded: 0 },
    ...wanted,
  })
}

/** A run as the program tells of it, with what a test cares about. */
export function runOf(wanted: Partial<Run> = {}): Run {
  return Run.parse({
    id: 'run',
    name: 'Run',
    kind: 'search-and-train',
    status: 'finished',
    config: RunConfig.parse({}),
    datasetId: 'pets',
    datasetName: 'Pets',
    modelId: 'starter',
    modelName: 'Starter CLIP',
    folder: '/runs/run',
    createdAt: '2026-01-02T00:00:00.000Z',
    startedAt: null,
    finishedAt: null,
    error: null,
    zeroShotAccuracy: null,
    accuracy: null,
    contextLengths: null,
    searchSeconds: null,
    trainSeconds: null,
    ...wanted,
  })
}
