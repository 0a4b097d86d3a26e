import type { Dataset, DatasetImage } from '#shared/schemas/dataset'
import { RunConfig, type Evaluation, type SearchEpoch, type TrainEpoch } from '#shared/schemas/run'
import type { RegisteredModel } from '#shared/schemas/registered-model'
import type { RunRow } from '#main/db/runs-repository'

/** Images of two classes, alternating; every fifth is for the test and every sixth for validation. */
export function datasetImages(count: number): DatasetImage[] {
  return Array.from({ length: count }, (_, index) => ({
    path: `${index % 2 === 0 ? 'cat' : 'dog'}/${index}.png`,
    label: index % 2,
    split: index % 5 === 0 ? 'test' : index % 6 === 0 ? 'validation' : 'train',
    hash: index.toString(16).padStart(64, '0'),
    bytes: 100,
    modified: 1_700_000_000_000.5,
    width: 8,
    height: 8,
    group: index === 3 ? 1 : null,
  }))
}

export function datasetOf(images: readonly DatasetImage[], changes: Partial<Dataset> = {}): Dataset {
  const counts = (label?: number) => {
    const count = (split: string) =>
      images.filter((image) => image.split === split && (label === undefined || image.label === label)).length
    return { train: count('train'), validation: count('validation'), test: count('test') }
  }
  return {
    id: 'pets',
    name: 'Pets',
    root: '/pictures/pets',
    importedFrom: '/pictures/pets',
    source: 'class-folders',
    classes: ['cat', 'dog'].map((name, label) => ({
      name,
      prompt: name,
      folder: name,
      counts: counts(label),
    })),
    counts: counts(),
    split: { origin: 'seeded', seed: 1, fractions: { train: 0.5, validation: 0.2, test: 0.3 } },
    fingerprint: 'f'.repeat(64),
    importedAt: '2026-01-01T00:00:00.000Z',
    report: { problems: [], totals: {}, excluded: 0 },
    template: 'a photo of a {}.',
    excluded: { images: 0, classes: [] },
    history: { undo: null, redo: null },
    ...changes,
  }
}

export const model: RegisteredModel = {
  id: 'tiny',
  name: 'Tiny CLIP',
  path: '/models/tiny',
  source: 'huggingface',
  digest: 'abc',
  sizeBytes: 12,
  architecture: {
    image: { width: 8, depth: 2, heads: 2, patchSize: 8, imageSize: 32 },
    text: { width: 8, depth: 2, heads: 2, textPositions: 16, vocabularySize: 64 },
    embeddingSize: 8,
    activation: 'quick_gelu',
    layerNormEpsilon: 1e-5,
  },
  importedAt: '2026-01-01T00:00:00.000Z',
}

export function runRow(changes: Partial<RunRow> = {}): RunRow {
  return {
    id: 'r1',
    name: 'r1',
    kind: 'search-and-train',
    status: 'queued',
    config: RunConfig.parse({}),
    datasetId: 'pets',
    datasetName: 'Pets',
    modelId: 'tiny',
    modelName: 'Tiny CLIP',
    folder: '/data/runs/r1',
    createdAt: '2026-01-01T00:00:00.000Z',
    startedAt: null,
    finishedAt: null,
    error: null,
    datasetFingerprint: 'f'.repeat(64),
    notes: '',
    result: {},
    ...changes,
  }
}

export function searchEpoch(epoch: number, changes: Partial<SearchEpoch> = {}): SearchEpoch {
  const alpha = [
    [epoch, 0],
    [0, epoch],
  ]
  return {
    stage: 'search',
    epoch,
    epochs: 3,
    steps: epoch,
    trainLoss: epoch === 0 ? null : 1 / epoch,
    trainAccuracy: epoch === 0 ? null : 0.5,
    validationLoss: epoch === 0 ? null : 2 / epoch,
    validationAccuracy: epoch === 0 ? null : 0.5,
    learningRate: 0.1,
    alphaLearningRate: 0.1,
    alpha: { text: alpha, image: alpha },
    seconds: 1,
    ...changes,
  }
}

export function trainEpoch(epoch: number, changes: Partial<TrainEpoch> = {}): TrainEpoch {
  return {
    stage: 'train',
    epoch,
    epochs: 3,
    steps: epoch,
    trainLoss: 1 / epoch,
    deviationLoss: 1 / epoch,
    distillationLoss: null,
    trainAccuracy: 0.9,
    validationLoss: 0.5,
    validationAccuracy: 0.8,
    learningRate: 0.1,
    seconds: 1,
    ...changes,
  }
}

export function evaluation(accuracy: number): Evaluation {
  return {
    split: 'test',
    images: 8,
    accuracy,
    macroF1: accuracy,
    loss: 1,
    classes: ['cat', 'dog'].map((name) => ({ name, images: 4, accuracy, f1: accuracy })),
    confusion: [
      [4, 0],
      [0, 4],
    ],
    seconds: 1,
  }
}
