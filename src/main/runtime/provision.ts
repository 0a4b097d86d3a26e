/**
 * Entry for the bootstrap (`build/run.mjs`), run by Node directly from source: makes sure that a runtime pack is
 * there and prints its folder on stdout. Arguments: `[data folder]`. `DPLSTUDIO_PACK` chooses the pack.
 */
import { AppError } from '#shared/errors'
import { dataFolder } from '../data-folder.ts'
import { askInTerminal } from './consent.ts'
import { installPack, type InstallRequest } from './install.ts'
import { findPack, hasNvidiaDriver, type InstalledPack } from './packs.ts'
import { progressPrinter } from './progress.ts'
import { PackName } from './sources.ts'

const stop = new AbortController()
// Once: whoever repeats it does not want to wait for things to be cleared away.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())

provision(dataFolder(process.argv[2])).then(
  ({ folder }) => process.stdout.write(`${folder}\n`),
  (thrown: unknown) => {
    const { message, hint } = AppError.from(thrown)
    process.stderr.write(`${message}\n${hint === undefined ? '' : `${hint}\n`}`)
    process.exitCode = 1
  },
)

/** What is installed wins; else the wanted pack; else the card's pack if somebody agrees to gigabytes; else `cpu`. */
async function provision(folder: string): Promise<InstalledPack> {
  const wanted = wantedPack()
  try {
    return findPack(folder, wanted)
  } catch (thrown) {
    if (AppError.from(thrown).code !== 'runtime-missing' || process.env['DPLSTUDIO_RUNTIME']) throw thrown
  }
  if (wanted !== undefined) return install(folder, wanted, () => Promise.resolve(true))
  if (!hasNvidiaDriver()) return installForProcessor(folder)
  try {
    return await install(folder, 'cuda12', askInTerminal)
  } catch (thrown) {
    if (AppError.from(thrown).code !== 'invalid-input') throw thrown
    process.stderr.write(
      'An NVIDIA card is here, but unused: dplstudio runtime install cuda12 makes use of it.\n',
    )
    return installForProcessor(folder)
  }
}

/** Without pip or a compiler, what the npm package itself would fetch still does, for all its age. */
async function installForProcessor(folder: string): Promise<InstalledPack> {
  try {
    return await install(folder, 'cpu', askInTerminal)
  } catch (thrown) {
    const error = AppError.from(thrown)
    if (error.code !== 'runtime-missing') throw error
    process.stderr.write(`${error.message}\nTrying the pack 'official' instead.\n`)
    return install(folder, 'official', askInTerminal).catch(() => {
      throw error
    })
  }
}

function install(folder: string, pack: PackName, confirm: InstallRequest['confirm']) {
  const onProgress = progressPrinter(process.stderr)
  return installPack({ pack, dataFolder: folder, confirm, onProgress, signal: stop.signal })
}

function wantedPack(): PackName | undefined {
  const name = process.env['DPLSTUDIO_PACK']
  if (name === undefined || name === '') return undefined
  const pack = PackName.safeParse(name)
  if (pack.success) return pack.data
  throw new AppError('invalid-input', `DPLSTUDIO_PACK is ${name}, which is no runtime pack.`, {
    hint: `Packs: ${PackName.options.join(', ')}`,
  })
}
