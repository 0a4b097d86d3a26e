import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { presets } from '#shared/presets'
import type { ImagePreprocessing } from '#shared/schemas/model'
import type { Evaluation } from '#shared/schemas/run'
import type { ExportParts } from '#main/engine/export/export-folder'
import { createRandom, normalArray } from '#main/engine/tensor/random'
import { exampleDescription, examplePrompts, hostileNames } from './prompt-examples.ts'
import { tinyArchitecture } from './random-clip.ts'

export const examplePreprocessing: ImagePreprocessing = {
  resizeTo: 8,
  cropSize: 8,
  interpolation: 'bicubic',
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
}

/** A finished run of the tiny CLIP with everything an export needs; its files lie in `folder`. */
export function exampleParts(folder: string, changes: Partial<ExportParts> = {}): ExportParts {
  const alpha = join(folder, 'alpha.npy')
  const loader = join(folder, 'loader.py')
  writeFileSync(alpha, 'alpha of every epoch')
  writeFileSync(loader, 'print("loader")\n')
  const learned = examplePrompts()
  const header = {
    ...exampleDescription(),
    format: 'dpl-prompt' as const,
    formatVersion: '1' as const,
    contextLengths: learned.contextLengths,
  }
  const pictures = (kind: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      path: join(folder, kind, `${i}.png`),
      label: i % hostileNames.length,
    }))
  const classes = hostileNames.length
  return {
    prompt: { ...learned, header },
    job: {
      runId: header.runId,
      name: '# My *run* | <b>',
      kind: 'search-and-train',
      createdAt: header.createdAt,
      config: presets.quick,
      model: {
        id: 'm',
        name: 'Tiny [CLIP](http://example.org)',
        path: join(folder, 'clip'),
        digest: header.clipDigest,
      },
      dataset: {
        id: 'd',
        name: 'Pets | and\nmore',
        fingerprint: header.datasetFingerprint,
        classNames: hostileNames,
        train: pictures('train', 40),
        validation: pictures('validation', 12),
        test: pictures('test', 8),
      },
    },
    result: {
      zeroShot: exampleEvaluation(0.5),
      dpl: exampleEvaluation(0.75),
      contextLengths: learned.contextLengths,
    },
    split: {
      seed: 1,
      shots: 4,
      train: pictures('train', 16),
      searchTrain: pictures('train', 16),
      alpha: pictures('validation', 8),
      validation: pictures('validation', 8),
    },
    classTexts: hostileNames.map((name) => [{ text: `a photo of a ${name}.`, ids: [28, 4, 9, 29] }]),
    classFeatures: normalArray(createRandom(5), classes * tinyArchitecture.embeddingSize, 1),
    logitScale: 8,
    preprocessing: examplePreprocessing,
    alphaFiles: { text: alpha, image: null },
    answers: {
      imageFolder: join(folder, 'test'),
      images: [{ path: '0.png', label: 0, probabilities: [0.7, 0.1, 0.1, 0.1] }],
    },
    loader,
    ...changes,
  }
}

function exampleEvaluation(accuracy: number): Evaluation {
  return {
    split: 'test',
    images: 8,
    accuracy,
    macroF1: accuracy,
    loss: 1,
    classes: hostileNames.map((name) => ({ name, images: 2, accuracy, f1: accuracy })),
    confusion: hostileNames.map(() => hostileNames.map(() => 0)),
    seconds: 1,
  }
}
