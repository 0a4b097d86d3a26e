import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { AppError } from '#shared/errors'
import { startServer } from '#main/serve/server'
import type { Shell } from '#main/shell'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { hasEnded } from '../follow.ts'

/** Where removable and network drives appear on Linux and macOS. */
const DRIVES = ['/media', '/mnt', '/run/media', '/Volumes']

/** The application as a page for browsers, until Ctrl+C. */
export const serve: Command = {
  name: 'serve',
  summary: 'The application as a page for your browser, on this machine or through an SSH tunnel',
  usage: '[--port <n>] [--root <folder>]...',
  positionals: [0, 0],
  options: {
    port: { type: 'string', value: 'n', help: '8475, or any free one if that is taken; 0 for any' },
    host: { type: 'string', value: 'address', help: 'of this machine: 127.0.0.1 or ::1' },
    root: {
      type: 'string',
      multiple: true,
      value: 'folder',
      help: 'what the page may browse, again for more; else your home and mounted drives',
    },
  },
  examples: ['serve', 'serve --port 9000 --root /data/pictures --root /data/more', 'serve --json'],
  notes: `Only this machine can open the page, and only who has the link. From another machine, tunnel:
  ssh -L 8475:127.0.0.1:8475 <this machine>
and open the same link there. With another port at the near end (-L 9000:127.0.0.1:8475), put that into the link.
A closed tab stops nothing. Ctrl+C, and the end of the login, pause what runs with a checkpoint and end the program:
start it in tmux or with setsid where it has to stay.`,
  access: 'write',
  shell: (args, dataFolder) => shellOf(args, dataFolder),
  async run(context, args) {
    const server = await startServer(context.served, { host: args.text('host'), port: portOf(args) })
    context.announce({ json: { url: server.url, pid: process.pid }, text: `DPL Studio: ${server.url}` })
    context.progress.line('Open this link in a browser. Ctrl+C pauses what runs and ends the program.')
    await aborted(context.signal)
    const paused = await tellPauses(context)
    await server.close()
    return { announced: true, exitCode: paused ? exitCodes.cancelled : exitCodes.ok }
  },
}

function shellOf(args: Arguments, dataFolder: string): Shell {
  const given = args.texts('root').map((root) => resolve(root))
  const missing = given.find((root) => !existsSync(root))
  if (missing !== undefined) throw new AppError('not-found', `There is no folder ${missing}`)
  const usual = [homedir(), dataFolder, ...DRIVES.filter((folder) => existsSync(folder))]
  return {
    capabilities: { chooser: 'browse', reveal: false, upload: true },
    browseRoots: given.length > 0 ? given : usual,
  }
}

function portOf(args: Arguments): number | undefined {
  const port = args.number('port')
  if (port !== undefined && (!Number.isInteger(port) || port < 0 || port > 65_535))
    throw new AppError('invalid-input', `${port} is no port: they go from 0 to 65535`)
  return port
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
}

/** Closing the application pauses its runs; that may take a step of theirs, so it is said before. */
async function tellPauses({ api, progress }: CommandContext): Promise<boolean> {
  const running = (await api.request('runs/list', {})).filter((run) => !hasEnded(run))
  for (const { id } of running)
    progress.line(`Pausing ${id} at the end of its step... (Ctrl+C again to end it at once)`)
  return running.length > 0
}
