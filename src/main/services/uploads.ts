import { randomBytes } from 'node:crypto'
import { createWriteStream, existsSync, mkdirSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '#shared/errors'
import { realPathBelow } from '#main/assets/paths'
import { hasPictureEnding } from '#main/assets/picture-file'

/** Largest file that may be sent, in bytes. */
export const MOST_UPLOAD_BYTES = 200 * 1024 * 1024

const OTHER_ENDINGS = new Set(['.csv', '.json', '.txt', '.safetensors', '.pt'])

/** Files that browsers send, because they do not share a disk with the program. */
export function createUploads({ folder, isOffered }: { folder: string; isOffered: boolean }) {
  return {
    /** A fresh folder to send files to. */
    begin(): { id: string; folder: string } {
      if (!isOffered)
        throw new AppError('unsupported', 'Files cannot be sent to this program.', {
          hint: 'Choose them on its own machine.',
        })
      const id = randomBytes(8).toString('hex')
      mkdirSync(join(folder, id), { recursive: true })
      return { id, folder: join(folder, id) }
    },

    /**
     * Keeps one file, whole or not at all. `steps` is its path below the upload's folder, each step known to lead down.
     * 'not-found' without such an upload, 'unsupported' for kinds of files that are of no use, 'bad-file' when it is too
     * large, 'disk-full'.
     */
    receive: async (
      id: string,
      steps: readonly string[],
      content: AsyncIterable<Uint8Array>,
    ): Promise<void> => {
      const own = join(folder, id)
      if (!/^[0-9a-f]{16}$/.test(id) || !existsSync(own))
        throw new AppError('not-found', `There is no upload ${id}`, { hint: 'Send the files again.' })
      const name = steps.at(-1) ?? ''
      if (!hasPictureEnding(name) && !OTHER_ENDINGS.has(extname(name).toLowerCase()))
        throw new AppError('unsupported', `${name} is neither a picture nor a list nor weights.`)
      const path = join(own, ...steps)
      if (steps.length > 1) {
        await mkdir(dirname(path), { recursive: true })
        if ((await realPathBelow(own, steps.slice(0, -1))) === null)
          throw new AppError('invalid-input', `${steps.join('/')} leads out of its folder`)
      }
      await keep(path, content)
    },
  }
}

export type Uploads = ReturnType<typeof createUploads>

async function keep(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await pipeline(
      content,
      atMost(MOST_UPLOAD_BYTES),
      createWriteStream(temporary, { flags: 'wx', flush: true }),
    )
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

function atMost(limit: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      if (bytes > limit) done(tooLarge(limit))
      else done(null, chunk)
    },
  })
}

function tooLarge(limit: number): AppError {
  return new AppError('bad-file', `The file is larger than ${limit / 1024 / 1024} MB.`, {
    hint: 'Copy it to the machine by other means and choose it there.',
  })
}
