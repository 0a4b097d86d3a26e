import { resolve } from 'node:path'
import { AppError } from '#shared/errors'
import type { RuntimePackInfo } from '#shared/schemas/machine'
import { askInTerminal } from '#main/runtime/consent'
import { downloadQuestion, refusedDownload } from '#main/runtime/install'
import { findPack, packFolder, readPack, verifyPack } from '#main/runtime/packs'
import { progressPrinter } from '#main/runtime/progress'
import { PackName } from '#main/runtime/sources'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { runTask } from '../follow.ts'
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
  access: 'read',
  async run({ api }) {
    const packs = await api.request('runtime/list', {})
    return { json: packs, text: table(packs.map((pack) => [pack.name, stateOf(pack), purposeOf(pack)])) }
  },
}

function stateOf({ installed, inUse, downloadBytes }: RuntimePackInfo): string {
  if (installed) return inUse ? 'installed, in use' : 'installed'
  if (downloadBytes === null) return 'not for this system'
  return `${bytes(downloadBytes)} to fetch`
}

function purposeOf({ description, downloadBytes, obstacle }: RuntimePackInfo): string {
  return obstacle === null || downloadBytes === null ? description : `${description}. ${obstacle}`
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
  // A pack has a lock of its own: it can come while another process works in the data folder.
  access: 'read',
  async run(context, args) {
    const pack = packName(args.positionals[0]!)
    const [from, reinstall] = [args.text('from'), args.flag('reinstall')]
    if (from === undefined) await mustAgree(context, args, pack)
    const { folder } = (
      await runTask(withBytes(context), 'runtime-install', () =>
        context.api.request('runtime/install', {
          pack,
          reinstall,
          consent: true,
          ...(from !== undefined && { from: resolve(from) }),
        }),
      )
    ).pack
    const installed = readPack(folder)
    const { tensorflow, binding } = installed.record
    return {
      json: installed,
      text: `${pack} is installed: TensorFlow ${tensorflow}, binding ${binding}\n${folder}`,
    }
  },
}

/** Whoever types the command wants the pack; gigabytes they are asked for once more, and not without a terminal. */
async function mustAgree({ api }: CommandContext, args: Arguments, pack: PackName): Promise<void> {
  const question = downloadQuestion(pack)
  if (question === null || args.flag('yes')) return
  const isThere = (await api.request('runtime/list', {})).some(
    ({ name, installed }) => name === pack && installed,
  )
  if (isThere && !args.flag('reinstall')) return
  if (!(await askInTerminal(question))) throw refusedDownload(question)
}

/** A context whose progress counts in bytes. */
function withBytes({
  api,
  progress,
  signal,
}: CommandContext): Pick<CommandContext, 'api' | 'progress' | 'signal'> {
  const print = progressPrinter(process.stderr)
  return {
    api,
    signal,
    progress: {
      ...progress,
      stage: (text, done, total) => print({ step: 'fetch', text, ...(total !== null && { done, total }) }),
      clear: () => process.stderr.write('\n'),
    },
  }
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
