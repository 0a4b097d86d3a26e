import { copyFileSync, cpSync, linkSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { command } from '../../tests/e2e/served-page.ts'

const CLASSES = 100

/**
 * Fills a data folder with what a busy user has after years: a dataset of `images` pictures in a hundred classes, and
 * `runs` finished runs. The pictures are links to the sample's, the runs copies of one short run, so that making it
 * takes seconds; to the program they are like any other.
 */
export async function fillLargeDataFolder(
  dataFolder: string,
  { sample, images, runs }: { sample: string; images: number; runs: number },
): Promise<{ datasetId: string; sampleId: string; runId: string }> {
  const { runId, datasetId } = await oneShortRun(dataFolder, sample)
  const largeId = writeLargeDataset(dataFolder, { datasetId, images, sample })
  multiplyRun(join(dataFolder, 'runs', runId), runs - 1)
  await command(dataFolder, 'reindex')
  return { datasetId: largeId, sampleId: datasetId, runId }
}

async function oneShortRun(
  dataFolder: string,
  sample: string,
): Promise<{ runId: string; datasetId: string }> {
  const short = ['search.epochs=2', 'train.epochs=2'].flatMap((setting) => ['--set', setting])
  const args = ['run', sample, '--preset', 'quick', '--shots', '2', ...short]
  await command(dataFolder, ...args)
  const [run] = readdirSync(join(dataFolder, 'runs'))
  const job = JSON.parse(readFileSync(join(dataFolder, 'runs', run!, 'job.json'), 'utf8')) as Job
  return { runId: run!, datasetId: job.dataset.id }
}

interface Job {
  runId: string
  name: string
  createdAt: string
  config: { seed: number }
  dataset: { id: string }
}

interface Stored {
  dataset: {
    id: string
    name: string
    root: string
    classes: object[]
    counts: object
    [other: string]: unknown
  }
  images: { path: string; label: number; split: string; [other: string]: unknown }[]
}

function writeLargeDataset(
  dataFolder: string,
  { datasetId, images, sample }: { datasetId: string; images: number; sample: string },
): string {
  const folder = join(dataFolder, 'datasets')
  const stored = JSON.parse(readFileSync(join(folder, `${datasetId}.json`), 'utf8')) as Stored
  const root = join(dataFolder, 'large-pictures')
  const perClass = Math.ceil(images / CLASSES)
  const copies = Array.from({ length: images }, (_, i) => {
    const from = stored.images[i % stored.images.length]!
    const label = Math.floor(i / perClass)
    const path = `class-${label}/${String(i).padStart(6, '0')}-${basename(from.path)}`
    if (i % perClass === 0) mkdirSync(join(root, `class-${label}`), { recursive: true })
    linkOrCopy(join(sample, from.path), join(root, path))
    return {
      ...from,
      path,
      label,
      split: i % 10 === 0 ? 'test' : i % 10 === 1 ? 'validation' : 'train',
      group: null,
    }
  })
  const counts = (of: typeof copies) => ({
    train: of.filter(({ split }) => split === 'train').length,
    validation: of.filter(({ split }) => split === 'validation').length,
    test: of.filter(({ split }) => split === 'test').length,
  })
  const classes = Array.from({ length: CLASSES }, (_, label) => ({
    name: `class ${label}`,
    prompt: `class ${label}`,
    folder: `class-${label}`,
    counts: counts(copies.slice(label * perClass, (label + 1) * perClass)),
  }))
  const dataset = { ...stored.dataset, id: 'large', name: 'Large', root, classes, counts: counts(copies) }
  writeFileSync(join(folder, 'large.json'), JSON.stringify({ dataset, images: copies }))
  return dataset.id
}

/** A link takes no space, but cannot lead to another disk. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    copyFileSync(from, to)
  }
}

function multiplyRun(folder: string, copies: number): void {
  const job = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8')) as Job
  for (let copy = 1; copy <= copies; copy++) {
    const runId = `${job.runId}-${copy}`
    const target = join(folder, '..', runId)
    mkdirSync(target)
    for (const file of ['state.json', 'split.json', 'result.json', 'epochs.jsonl'])
      cpSync(join(folder, file), join(target, file))
    // Three seeds share a configuration, as they do when a user asks for three.
    const config = { ...job.config, seed: (copy % 3) + 1, shots: 1 + Math.floor(copy / 3) }
    const createdAt = new Date(Date.parse(job.createdAt) - copy * 60_000).toISOString()
    writeFileSync(join(target, 'job.json'), JSON.stringify({ ...job, runId, name: runId, createdAt, config }))
  }
}
