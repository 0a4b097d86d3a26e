import { join } from 'node:path'
import { PROGRAM_VERSION } from '#shared/version'
import { createPages } from './assets/pages.ts'
import { runCommandLine } from './cli/shell.ts'
import { compose } from './compose.ts'
import { dataFolder } from './data-folder.ts'
import { spawnNodeEngine } from './engine-host/spawn-node-engine.ts'
import { engineLaunch } from './engine-launch.ts'
import { resource } from './resources.ts'

/** The command line: `dplstudio <command>`. */
async function main(): Promise<void> {
  // A reader that has had enough, such as `head`, and a terminal that is gone are no failure.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
    })
  const setup = Number(process.env['DPLSTUDIO_SETUP_SECONDS'] ?? Number.NaN)
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    version: PROGRAM_VERSION,
    stdout: process.stdout,
    stderr: process.stderr,
    dataFolder,
    setupSeconds: Number.isFinite(setup) ? setup : null,
    open: ({ dataFolder: folder, access, purpose, shell }) => {
      const application = compose({
        version: PROGRAM_VERSION,
        dataFolder: folder,
        starterPath: resource('starter-clip'),
        samplePath: resource('sample'),
        ...(shell !== undefined && { shell }),
        spawnEngine: spawnNodeEngine({
          program: join(import.meta.dirname, 'engine.js'),
          ...engineLaunch(folder),
        }),
        access,
        purpose,
      })
      const pages = createPages({
        rendererFolder: join(import.meta.dirname, '..', 'renderer'),
        thumbnailFolder: join(folder, 'thumbnails'),
        images: application.images,
      })
      return { ...application, pages }
    },
    onInterrupt,
    exit: (code) => process.exit(code),
  })
}

/** Ctrl+C, a request to end, and a terminal that goes away all mean the same: stop, but lose nothing. */
function onInterrupt(listener: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}

void main()
