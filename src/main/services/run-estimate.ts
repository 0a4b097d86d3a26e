import { existsSync, statfsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import type { RunEstimate } from '#shared/schemas/queue'
import type { Run, RunRequest } from '#shared/schemas/run-record'
import type { RunConfig } from '#shared/schemas/run'
import type { ClipArchitecture } from '#shared/schemas/model'
import type { RunsRepository } from '#main/db/runs-repository'
import type { Datasets } from './datasets.ts'
import type { Models } from './models.ts'
import { readMachine, thisMachine } from './run-records.ts'
import {
  modelDisk,
  modelMemory,
  modelSeconds,
  pictureSeconds,
  searchStepSeconds,
  trainStepSeconds,
  type Processor,
  type RunSize,
} from './run-cost.ts'

export interface EstimatesParts {
  repository: RunsRepository
  datasets: Datasets
  models: Models
  /** name of the graphics card, as far as the engine has told */
  deviceName: () => string | null
  /** where the run folders are */
  folder: string
  /** memory that a new process may take, in bytes */
  availableMemory?: () => number
}

/** Measured times over modelled ones, as far as they are known. */
export interface Calibration {
  readonly search: number | null
  readonly train: number | null
  readonly scoring: number | null
}

/** Runs that say something about the next one: enough for a median, few enough to answer at once. */
const RUNS_LOOKED_AT = 4

const UNKNOWN: Calibration = { search: null, train: null, scoring: null }

/** Says beforehand what runs are going to take. */
export function createEstimates(parts: EstimatesParts) {
  const { repository, datasets, models, deviceName, folder } = parts
  const { availableMemory = () => process.availableMemory() } = parts

  /** From epochs of earlier runs with the same weights, computed on this machine. */
  function calibrate(modelId: string, architecture: ClipArchitecture, processor: Processor): Calibration {
    const here = thisMachine(deviceName())
    const ratios = repository.latestOfModel(modelId, RUNS_LOOKED_AT).flatMap((run) => {
      const machine = readMachine(run.folder)
      const isHere = machine?.processor === here.processor && machine.cores === here.cores
      return isHere ? [ratiosOf(run, architecture, processor)] : []
    })
    const of = (part: keyof Calibration) => median(ratios.flatMap((each) => each[part] ?? []))
    return { search: of('search'), train: of('train'), scoring: of('scoring') }
  }

  function ratiosOf(run: Run, architecture: ClipArchitecture, processor: Processor): Calibration {
    const scored = repository.scoring(run.id)
    if (scored === null) return UNKNOWN
    const { kind, config } = run
    const size = { kind, config, architecture, classes: scored.classes, testImages: scored.images }
    const epochs = repository.epochs(run.id).filter(({ steps }) => steps > 0)
    const perStep = (stage: 'search' | 'train') =>
      median(epochs.flatMap((each) => (each.stage === stage ? [each.seconds / each.steps] : [])))
    return {
      search: ratio(perStep('search'), searchStepSeconds(size, processor)),
      train: ratio(perStep('train'), trainStepSeconds(size, processor)),
      scoring: ratio(scored.seconds / scored.images, pictureSeconds(size, processor)),
    }
  }

  return (request: RunRequest): RunEstimate => {
    const dataset = datasets.get(request.datasetId)
    const { architecture } = models.get(request.modelId)
    const { train, validation, test } = dataset.counts
    const { kind, config } = request
    const size = { kind, config, architecture, classes: dataset.classes.length, testImages: test }
    const processor = processorOf(deviceName())
    const room = {
      availableMemoryBytes: availableMemory(),
      freeDiskBytes: freeBytes(folder),
      diskBytes: modelDisk(size, train + validation + test),
    }
    return estimateRun(size, processor, calibrate(request.modelId, architecture, processor), room)
  }
}

/** Puts an estimate together. `measured` as soon as one stage of it was. */
export function estimateRun(
  size: RunSize,
  processor: Processor,
  calibration: Calibration,
  room: Pick<RunEstimate, 'availableMemoryBytes' | 'freeDiskBytes' | 'diskBytes'>,
): RunEstimate {
  const modelled = modelSeconds(size, processor)
  const { search, train, scoring } = calibration
  // A stage that was not measured yet is off by the same factor as the other, or as scoring.
  const [forSearch, forTrain] = [search ?? train ?? scoring ?? 1, train ?? search ?? scoring ?? 1]
  const memoryBytes = modelMemory(size)
  return {
    basis: search === null && train === null && scoring === null ? 'modelled' : 'measured',
    searchSeconds: modelled.search === 0 ? null : modelled.search * forSearch,
    trainSeconds: modelled.train === 0 ? null : modelled.train * forTrain,
    scoringSeconds: modelled.scoring * (scoring ?? 1),
    memoryBytes,
    ...room,
    offers: memoryBytes > room.availableMemoryBytes ? offersFor(size) : [],
  }
}

/**
 * Rates that `npm run bench` found on two AMD EPYC cores with AVX-512, 110 GFLOP/s each and 30 µs to call an
 * operation. Of a graphics card nothing was measured yet: the calls bind it, so its rate hardly matters.
 */
function processorOf(device: string | null): Processor {
  const flops = device === null ? 110e9 * availableParallelism() ** 0.9 : 20e12
  return { flops, secondsPerOperation: 30e-6 }
}

/** Changes that need less memory, the least first. */
export function offersFor(size: RunSize): RunEstimate['offers'] {
  const before = modelMemory(size)
  return changesOf(size.config)
    .map((offer) => ({ offer, memory: modelMemory({ ...size, config: offer.config }) }))
    .filter(({ memory }) => memory < before)
    .sort((a, b) => a.memory - b.memory)
    .map(({ offer: { text, field, value }, memory }) => ({
      text: `${text}: about ${(memory / 1e9).toFixed(1)} GB`,
      field,
      value,
    }))
}

function changesOf(config: RunConfig): { text: string; field: string; value: unknown; config: RunConfig }[] {
  const { search, train, branches } = config
  const halved = Math.ceil(search.batchSize / 2)
  const smaller = {
    ...search,
    batchSize: halved,
    validationBatchSize: Math.min(search.validationBatchSize, halved),
  }
  const shorter = search.options.slice(0, -1)
  const trainBatch = Math.ceil(train.batchSize / 2)
  return [
    {
      text: `Search with ${halved} images at a time instead of ${search.batchSize}`,
      field: 'search',
      value: smaller,
      config: { ...config, search: smaller },
    },
    {
      text: `Train with ${trainBatch} images at a time instead of ${train.batchSize}`,
      field: 'train.batchSize',
      value: trainBatch,
      config: { ...config, train: { ...train, batchSize: trainBatch } },
    },
    ...(shorter.length < 2
      ? []
      : [
          {
            text: `Do without the prompt length ${search.options.at(-1)!}`,
            field: 'search.options',
            value: shorter,
            config: { ...config, search: { ...search, options: shorter } },
          },
        ]),
    ...(branches.length < 2
      ? []
      : (['text', 'image'] as const).map((branch) => ({
          text: `Learn prompts for the ${branch} branch only`,
          field: 'branches',
          value: [branch],
          config: { ...config, branches: [branch] },
        }))),
  ]
}

function freeBytes(folder: string): number {
  let existing = folder
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing)
  const { bavail, bsize } = statfsSync(existing)
  return bavail * bsize
}

function ratio(measured: number | null, modelled: number): number | null {
  return measured === null || !Number.isFinite(measured) || measured <= 0 ? null : measured / modelled
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
