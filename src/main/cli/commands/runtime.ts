import { createInterface } from 'node:readline/promises'
import { AppError } from '#shared/errors'
import { installPack, type DownloadQuestion } from '#main/runtime/install'
import { findPack, listPacks, packFolder, readPack, verifyPack } from '#main/runtime/packs'
import { progressPrinter } from '#main/runtime/progress'
import { PackName } from '#main/runtime/sources'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { bytes } from '../format.ts'
import { nearest } from '../nearest.ts'
import { table } from '../table.ts'

const list: Command = {
  name: 'runtime list',
  summary: 'List the TensorFlow runtimes: which there are, which are installed',
  usage: '',
  positionals: [0, 0],
  options: {},
  examples: ['runtime list'],
  access: 'none',
  run: ({ dataFolder }) => {
    const packs = listPacks(dataFolder)
    const rows = packs.map(({ name, title, available, downloadBytes, installed, problem }) => [
      name,
      installed !== null
        ? 'installed'
        : (problem ?? (available ? `${bytes(downloadBytes)} to fetch` : 'not for this system')),
      title,
    ])
    return Promise.resolve({ json: packs, text: table(rows) })
  },
}

const install: Command = {
  name: 'runtime install',
  summary: 'Install a runtime into the data folder, from the network or from files',
  usage: '<cpu|cuda12|official> [--from <folder>] [--reinstall] [--yes]',
  positionals: [1, 1],
  options: {
    from: { type: 'string', value: 'folder', help: 'take the files from here; nothing is fetched' },
    reinstall: { type: 'boolean', help: 'also when it is installed and whole' },
    yes: { type: 'boolean', short: 'y', help: 'fetch gigabytes without asking' },
  },
  examples: ['runtime install cpu', 'runtime install cuda12 --yes', 'runtime install cuda12 --from ./stick'],
  access: 'none',
  async run({ dataFolder, signal }, args) {
    const pack = await installPack({
      pack: packName(args.positionals[0]!),
      dataFolder,
      from: args.text('from'),
      reinstall: args.flag('reinstall'),
      signal,
      onProgress: progressPrinter(process.stderr),
      confirm: (question) => (args.flag('yes') ? Promise.resolve(true) : ask(question)),
    })
    process.stderr.write('\n')
    const { name, folder, record } = pack
    return {
      json: pack,
      text: `${name} is installed: TensorFlow ${record.tensorflow}, binding ${record.binding}\n${folder}`,
    }
  },
}

const verify: Command = {
  name: 'runtime verify',
  summary: 'Compare every file of an installed runtime with its checksum',
  usage: '[cpu|cuda12|official]',
  positionals: [0, 1],
  options: {},
  examples: ['runtime verify', 'runtime verify cpu'],
  access: 'none',
  async run({ dataFolder }, { positionals: [name] }) {
    const pack = name === undefined ? findPack(dataFolder) : readPack(packFolder(dataFolder, packName(name)))
    const problems = await verifyPack(pack)
    return {
      json: { pack: pack.name, folder: pack.folder, problems, passed: problems.length === 0 },
      text:
        problems.length === 0
          ? `${pack.name}: every file is as it was installed`
          : `${problems.join('\n')}\nRepair it: dplstudio runtime install ${pack.name} --reinstall`,
      exitCode: problems.length === 0 ? exitCodes.ok : exitCodes.verificationFailed,
    }
  },
}

/** Manages the native runtimes. */
export const runtimeCommands = [list, install, verify]

function packName(text: string): PackName {
  const parsed = PackName.safeParse(text)
  if (parsed.success) return parsed.data
  const meant = nearest(text, PackName.options)
  throw new AppError('invalid-input', `There is no runtime ${text}`, {
    hint: meant === undefined ? `Choose from: ${PackName.options.join(', ')}` : `Did you mean ${meant}?`,
  })
}

/** Without a terminal nobody can be asked, and gigabytes are not fetched silently. */
async function ask({ pack, downloadBytes, installedBytes }: DownloadQuestion): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(
    `${pack}: fetch ${bytes(downloadBytes)} (${bytes(installedBytes)} on disk)? [y/N] `,
  )
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}
