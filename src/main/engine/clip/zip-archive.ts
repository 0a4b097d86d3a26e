import { AppError } from '#shared/errors'
import { readZipDirectory, type ZipEntry } from '#main/runtime/wheel'
import type { OpenFile } from '../tensor/positioned-read.ts'

/** A file stored in a zip archive without compression: it can be read where it lies. */
export interface StoredFile {
  /** where its bytes begin in the archive */
  readonly position: number
  readonly length: number
}

const LOCAL_HEADER = 0x04034b50
const LOCAL_LENGTH = 30

/** Reads the directory of a zip archive whose files are to be read in place. 'bad-file' for anything broken. */
export async function openZip(file: OpenFile) {
  const entries = new Map<string, ZipEntry>()
  for (const entry of await readZipDirectory(file.path)) {
    if (entries.has(entry.name)) throw badArchive(file.path, `it lists ${JSON.stringify(entry.name)} twice`)
    entries.set(entry.name, entry)
  }
  return {
    names: [...entries.keys()] as readonly string[],

    /** Where a file's bytes lie; undefined without such a file. */
    async locate(name: string): Promise<StoredFile | undefined> {
      const entry = entries.get(name)
      return entry === undefined ? undefined : locateFile(file, entry)
    },
  }
}

/** The padding before a file's bytes, with which PyTorch aligns them, stands only in the local header. */
async function locateFile(
  file: OpenFile,
  { name, compressed, bytes, packedBytes, offset }: ZipEntry,
): Promise<StoredFile> {
  if (compressed || bytes !== packedBytes)
    throw badArchive(file.path, `${JSON.stringify(name)} is compressed, which PyTorch does not do`)
  const header = Buffer.from(await file.read(offset, LOCAL_LENGTH))
  if (header.readUInt32LE(0) !== LOCAL_HEADER)
    throw badArchive(file.path, `${JSON.stringify(name)} is not where its directory says`)
  const position = offset + LOCAL_LENGTH + header.readUInt16LE(26) + header.readUInt16LE(28)
  if (position + bytes > file.sizeBytes)
    throw badArchive(
      file.path,
      `${JSON.stringify(name)} needs ${bytes} bytes, ${file.sizeBytes - position} are left`,
    )
  return { position, length: bytes }
}

function badArchive(path: string, reason: string): AppError {
  return new AppError('bad-file', `${path} is not a complete PyTorch archive: ${reason}.`, {
    hint: 'The file is damaged or incomplete. Download or copy it again.',
  })
}
