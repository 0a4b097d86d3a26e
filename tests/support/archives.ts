import { crc32, deflateRawSync, gzipSync } from 'node:zlib'

export interface ZipInput {
  readonly name: string
  readonly content: Buffer
  readonly stored?: boolean
  /** lengths and offset in the zip64 field instead of the 32-bit ones */
  readonly wide?: boolean
  /** what the directory claims, where it is to lie */
  readonly claim?: {
    readonly bytes?: number
    readonly crc32?: number
    readonly method?: number
    readonly flags?: number
  }
}

/** A zip archive. With `wideDirectory` its place is told by zip64 records. */
export function makeZip(inputs: readonly ZipInput[], { wideDirectory = false } = {}): Buffer {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const input of inputs) {
    const packed = input.stored === true ? input.content : deflateRawSync(input.content)
    const local = Buffer.concat([localHeader(input), Buffer.from(input.name), packed])
    directory.push(directoryEntry(input, packed.length, offset))
    bodies.push(local)
    offset += local.length
  }
  const listing = Buffer.concat(directory)
  return Buffer.concat([...bodies, listing, endRecords(inputs.length, listing.length, offset, wideDirectory)])
}

function localHeader({ name, content, stored }: ZipInput): Buffer {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(stored === true ? 0 : 8, 8)
  header.writeUInt32LE(crc32(content), 14)
  header.writeUInt16LE(Buffer.byteLength(name), 26)
  return header
}

function directoryEntry(
  { name, content, stored, wide, claim = {} }: ZipInput,
  packed: number,
  offset: number,
) {
  const bytes = claim.bytes ?? content.length
  const extra = wide === true ? zip64Field([bytes, packed, offset]) : Buffer.alloc(0)
  const narrow = (value: number) => (wide === true ? 0xffffffff : value)
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(claim.flags ?? 0, 8)
  header.writeUInt16LE(claim.method ?? (stored === true ? 0 : 8), 10)
  header.writeUInt32LE(claim.crc32 ?? crc32(content), 16)
  header.writeUInt32LE(narrow(packed), 20)
  header.writeUInt32LE(narrow(bytes), 24)
  header.writeUInt16LE(Buffer.byteLength(name), 28)
  header.writeUInt16LE(extra.length, 30)
  header.writeUInt32LE(narrow(offset), 42)
  return Buffer.concat([header, Buffer.from(name), extra])
}

function zip64Field(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length)
  field.writeUInt16LE(1, 0)
  field.writeUInt16LE(8 * values.length, 2)
  values.forEach((value, index) => field.writeBigUInt64LE(BigInt(value), 4 + 8 * index))
  return field
}

function endRecords(entries: number, bytes: number, offset: number, wide: boolean): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(wide ? 0xffff : entries, 8)
  end.writeUInt16LE(wide ? 0xffff : entries, 10)
  end.writeUInt32LE(wide ? 0xffffffff : bytes, 12)
  end.writeUInt32LE(wide ? 0xffffffff : offset, 16)
  if (!wide) return end
  const record = Buffer.alloc(56)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(BigInt(entries), 32)
  record.writeBigUInt64LE(BigInt(bytes), 40)
  record.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(offset + bytes), 8)
  return Buffer.concat([record, locator, end])
}

export interface TarInput {
  readonly name: string
  readonly content?: Buffer
  /** '0' file, '2' symbolic link, '5' folder */
  readonly type?: string
  readonly linkTarget?: string
}

/** A `.tar.gz`; names over 100 bytes get a POSIX extended header, or GNU's long name. */
export function makeTarGz(
  inputs: readonly TarInput[],
  { longNames = 'pax' }: { longNames?: 'pax' | 'gnu' } = {},
): Buffer {
  const blocks = inputs.flatMap((input) => [...longName(input.name, longNames), ...tarEntry(input)])
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

function longName(name: string, style: 'pax' | 'gnu'): Buffer[] {
  if (Buffer.byteLength(name) <= 100) return []
  if (style === 'gnu')
    return tarEntry({ name: '././@LongLink', type: 'L', content: Buffer.from(`${name}\0`) })
  const body = ` path=${name}\n`
  let length = Buffer.byteLength(body) + 1
  while (String(length).length + Buffer.byteLength(body) !== length) length++
  return tarEntry({ name: 'PaxHeaders/x', type: 'x', content: Buffer.from(`${length}${body}`) })
}

function tarEntry({ name, content = Buffer.alloc(0), type = '0', linkTarget = '' }: TarInput): Buffer[] {
  const header = Buffer.alloc(512)
  header.write(Buffer.from(name).subarray(0, 100).toString('latin1'), 0, 'latin1')
  header.write('0000644\0', 100)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write(' '.repeat(8), 148)
  header.write(type, 156)
  header.write(linkTarget, 157)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]
}

/** A shared library that is nothing but a dynamic section with one text: a run path, unless `textTag` says otherwise. */
export function makeElf(text: string, textTag = 29): Buffer {
  const strings = Buffer.from(`\0${text}\0`)
  const [programHeaders, dynamic, table] = [64, 64 + 2 * 56, 64 + 2 * 56 + 48]
  const file = Buffer.alloc(table + strings.length)
  const base = 0x10000
  file.write('\x7fELF\x02\x01', 0, 'latin1')
  file.writeBigUInt64LE(BigInt(programHeaders), 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(2, 56)
  segment(file, programHeaders, { type: 1, offset: 0, address: base, bytes: file.length })
  segment(file, programHeaders + 56, { type: 2, offset: dynamic, address: base + dynamic, bytes: 48 })
  for (const [index, [tag, value]] of [
    [5, base + table],
    [textTag, 1],
    [0, 0],
  ].entries()) {
    file.writeBigUInt64LE(BigInt(tag!), dynamic + 16 * index)
    file.writeBigUInt64LE(BigInt(value!), dynamic + 16 * index + 8)
  }
  strings.copy(file, table)
  return file
}

function segment(
  file: Buffer,
  at: number,
  { type, offset, address, bytes }: { type: number; offset: number; address: number; bytes: number },
): void {
  file.writeUInt32LE(type, at)
  file.writeBigUInt64LE(BigInt(offset), at + 8)
  file.writeBigUInt64LE(BigInt(address), at + 16)
  file.writeBigUInt64LE(BigInt(bytes), at + 32)
}
