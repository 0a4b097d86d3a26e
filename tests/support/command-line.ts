import { join } from 'node:path'
import { createPages } from '#main/assets/pages'
import { runCommandLine } from '#main/cli/shell'
import type { Workshop } from './application.ts'
import type { FakeEngine } from './engines.ts'

export interface CommandLineOptions {
  engine?: FakeEngine
  /** hears what is written, and may press Ctrl+C */
  onStderr?: (text: string, press: () => void) => void
  onStdout?: (text: string, press: () => void) => void
}

/** A command line in this process, over the fake engine. */
export async function dplstudioIn(
  workshop: Workshop,
  words: readonly string[],
  { engine = {}, onStderr, onStdout }: CommandLineOptions = {},
) {
  const [out, err]: [string[], string[]] = [[], []]
  let interrupt = () => {}
  const press = () => interrupt()
  const exits: number[] = []
  const code = await runCommandLine(words, {
    version: '1.2.3',
    stdout: {
      write: (text) => {
        out.push(text)
        onStdout?.(text, press)
      },
    },
    stderr: {
      isTTY: false,
      write: (text) => {
        err.push(text)
        onStderr?.(text, press)
      },
    },
    dataFolder: (given) => given ?? workshop.data,
    setupSeconds: 12.5,
    open: ({ dataFolder, access, purpose, shell }) => {
      const { app } = workshop.start(engine, { dataFolder, access, purpose, ...(shell && { shell }) })
      const pages = createPages({
        rendererFolder: join(workshop.folder, 'renderer'),
        thumbnailFolder: join(dataFolder, 'thumbnails'),
        images: app.images,
      })
      return { ...app, pages }
    },
    onInterrupt: (listener) => {
      interrupt = listener
      return () => undefined
    },
    exit: (status) => exits.push(status),
  })
  return { code, stdout: out.join(''), stderr: err.join(''), exits }
}
