import { open, type FileHandle } from 'node:fs/promises'
import { AppError } from '#shared/errors'

/** A file open for reading at any position. */
export interface OpenFile {
  readonly path: string
  readonly sizeBytes: number
  /** Exactly `length` bytes in memory of their own; 'bad-file' when the file ends before. */
  read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>
  close(): Promise<void>
}

/** Node reads at most this much at once. */
const LARGEST_READ = 2 ** 30

/** Opens a file. 'not-found' when there is none, 'bad-file' when it is no file. The caller closes it. */
export async function openFile(path: string): Promise<OpenFile> {
  const handle = await openHandle(path)
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw new AppError('bad-file', `${path} is not a file.`)
    return {
      path,
      sizeBytes: stats.size,
      read: (position, length) => readExactly(handle, path, { position, length, sizeBytes: stats.size }),
      close: () => handle.close(),
    }
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}

async function openHandle(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new AppError('not-found', `There is no file ${path}.`, { cause: thrown })
    if (code === 'EACCES' || code === 'EPERM')
      throw new AppError('bad-file', `${path} may not be read by this user.`, {
        hint: 'Change the permissions of the file.',
        cause: thrown,
      })
    throw thrown
  }
}

async function readExactly(
  handle: FileHandle,
  path: string,
  { position, length, sizeBytes }: { position: number; length: number; sizeBytes: number },
): Promise<Uint8Array<ArrayBuffer>> {
  // Checked before memory is asked for: a broken header may claim any length.
  if (position < 0 || length < 0 || position + length > sizeBytes)
    throw tooShort(path, position + length, sizeBytes)
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(
      bytes,
      done,
      Math.min(length - done, LARGEST_READ),
      position + done,
    )
    if (bytesRead === 0) throw tooShort(path, position + length, position + done)
    done += bytesRead
  }
  return bytes
}

function tooShort(path: string, expected: number, found: number): AppError {
  return new AppError('bad-file', `${path} ends too early: ${expected} bytes expected, ${found} found.`, {
    hint: 'The file is incomplete. Download or copy it again.',
  })
}
