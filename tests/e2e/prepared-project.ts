import { writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { sampleFolder, type PictureFolder } from './sample-folder.ts'
import { command, temporaryDataFolder } from './served-page.ts'

/** A data folder with a project that has been through everything once. */
export interface PreparedProject {
  readonly dataFolder: string
  readonly pictures: PictureFolder
  /** that of the pictures */
  readonly folder: string
  readonly datasetId: string
  /** searched and trained */
  readonly runId: string
  remove(): void
}

/** A finished run of few epochs, its export, and something wrong with the pictures; made by the command line. */
export async function prepareProject(): Promise<PreparedProject> {
  const data = temporaryDataFolder()
  const pictures = sampleFolder()
  mkdirSync(join(pictures.path, 'mammal'), { recursive: true })
  writeFileSync(join(pictures.path, 'mammal', 'broken.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]))
  const imported = await command(data.path, 'dataset', 'import', pictures.path)
  const datasetId = (imported as { dataset: { id: string } }).dataset.id
  await command(data.path, 'zeroshot', datasetId)
  const runId = await tinyRun(data.path, datasetId, { search: 3, train: 2 })
  await command(data.path, 'export', runId, '--to', join(data.path, 'exports', 'first'))
  return {
    dataFolder: data.path,
    pictures,
    folder: pictures.path,
    datasetId,
    runId,
    remove: () => {
      data.remove()
      pictures.remove()
    },
  }
}

/** Searches and trains on two pictures of each class. Gives the id of the run. */
export async function tinyRun(
  dataFolder: string,
  datasetId: string,
  epochs: { search: number; train: number },
  ...words: string[]
): Promise<string> {
  const fields = {
    validationShots: 2,
    'search.epochs': epochs.search,
    'train.epochs': epochs.train,
    'search.alphaFrozenEpochs': 0,
  }
  const settings = Object.entries(fields).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const done = await command(
    dataFolder,
    ...['run', datasetId, '--preset', 'quick', '--shots', '2', ...settings, ...words],
  )
  return (done as { run: { id: string } }).run.id
}
