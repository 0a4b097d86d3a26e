import { AppError } from '#shared/errors'
import { StoragePart } from '#shared/schemas/machine'
import type { Command } from '../command.ts'
import { runTask } from '../follow.ts'
import { bytes } from '../format.ts'
import { table } from '../table.ts'

const MEANING: Readonly<Record<StoragePart['part'], string>> = {
  runs: 'all of every run',
  datasets: 'what was imported; the images are elsewhere',
  models: 'registered and fetched weights',
  exports: 'files for other programs',
  index: 'the database; `reindex` rebuilds it',
  runtime: 'runtime packs',
  thumbnails: 'small pictures for the screens; made again when needed',
  uploads: 'what browsers have sent; datasets keep theirs',
  downloads: 'parts of downloads',
  logs: "the engine's log",
}

/** What the data folder holds, and emptying what can be made again. */
export const storageCommands: readonly Command[] = [
  {
    name: 'storage',
    summary: 'What is on disk, part by part',
    usage: '',
    positionals: [0, 0],
    options: {},
    examples: [
      'storage',
      'storage --json',
      'storage      to move everything: end all programs, move the folder, then use --data-dir or DPLSTUDIO_DATA',
    ],
    access: 'read',
    async run(context) {
      const { parts } = await runTask(context, 'storage', () => context.api.request('storage/usage', {}))
      const rows = parts.map(({ part, bytes: size, files, clearable }) => [
        part,
        bytes(size),
        files,
        MEANING[part] + (clearable ? ' (clearable)' : ''),
      ])
      const total = parts.reduce((sum, { bytes: size }) => sum + size, 0)
      return {
        json: { folder: context.dataFolder, parts },
        text: `${table([['part', 'size', 'files', ''], ...rows])}\n${bytes(total)} in ${context.dataFolder}`,
      }
    },
  },
  {
    name: 'storage clear',
    summary: 'Empty a part that the program can make again',
    usage: '<thumbnails|uploads|downloads|logs>',
    positionals: [1, 1],
    options: {},
    examples: ['storage clear thumbnails'],
    access: 'write',
    async run(context, { positionals: [name] }) {
      const part = StoragePart.shape.part.safeParse(name)
      if (!part.success)
        throw new AppError('invalid-input', `There is no part ${name ?? ''}.`, {
          hint: `Parts are: ${StoragePart.shape.part.options.join(', ')}`,
        })
      const { freedBytes } = await runTask(context, 'storage-clear', () =>
        context.api.request('storage/clear', { part: part.data }),
      )
      return { json: { part: part.data, freedBytes }, text: `${bytes(freedBytes)} are free again.` }
    },
  },
]
