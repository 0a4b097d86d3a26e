import { AppError } from '#shared/errors'
import { bytesPerNumber, decodeNumbers, type NumberFormat } from '../tensor/number-formats.ts'
import { openFile, type OpenFile } from '../tensor/positioned-read.ts'
import { countNumbers, type StoredTensor, type TensorFile } from '../tensor/safetensors.ts'
import { isKind, readPickle, type Pickled, type PickledCall } from './pickle.ts'
import { openZip, type StoredFile } from './zip-archive.ts'

/** The number formats behind the names of PyTorch's storage classes. */
const storageFormats: Readonly<Record<string, NumberFormat>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
}
const REBUILD_TENSOR = 'torch._utils._rebuild_tensor_v2'
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter'

/** Far more than the parts of any CLIP. */
const MOST_VISITS = 1_000_000

/** Where a tensor's numbers are: in the storage `key`, from element `offset` on, `strides` elements apart. */
interface Placed extends StoredTensor {
  readonly key: string
  readonly offset: number
  readonly strides: readonly number[]
}

/** Whether a file begins like a zip archive, as everything that PyTorch saved since 1.6 does. */
export function isZip(start: Uint8Array): boolean {
  return start[0] === 0x50 && start[1] === 0x4b
}

/**
 * Opens a PyTorch archive, a state dict or a TorchScript model, without executing any of it: its pickle is read as
 * inert data, and every tensor it names is read on demand. `metadata.format` tells the two apart. The caller closes it.
 */
export async function openTorchArchive(path: string): Promise<TensorFile> {
  const file = await openFile(path)
  try {
    const zip = await openZip(file)
    const root = archiveRoot(path, zip.names)
    const locate = async (name: string) => found(await zip.locate(`${root}/${name}`), path, name)
    await refuseBigEndian(file, await zip.locate(`${root}/byteorder`))
    const description = await locate('data.pkl')
    const bytes = await file.read(description.position, description.length)
    const tensors = collectTensors(path, readPickle(path, bytes, isKnownGlobal))
    const format = zip.names.includes(`${root}/constants.pkl`) ? 'torchscript' : 'pytorch'
    return {
      path,
      sizeBytes: file.sizeBytes,
      metadata: { format },
      tensors,
      read: async (name) =>
        readTensor(file, tensors.get(name)!, await locate(`data/${tensors.get(name)!.key}`)),
      close: () => file.close(),
    }
  } catch (thrown) {
    await file.close()
    throw thrown
  }
}

/** All entries lie in one folder, named after the file that was first written. */
function archiveRoot(path: string, names: readonly string[]): string {
  const description = names.find((name) => /^[^/]+\/data\.pkl$/.test(name))
  if (description === undefined) throw badArchive(path, 'it has no data.pkl')
  return description.slice(0, description.indexOf('/'))
}

async function refuseBigEndian(file: OpenFile, entry: StoredFile | undefined): Promise<void> {
  if (entry === undefined) return // older than the entry, and then little-endian
  const order = Buffer.from(await file.read(entry.position, Math.min(entry.length, 16))).toString('utf8')
  if (order !== 'little')
    throw badArchive(file.path, `its numbers are stored in ${JSON.stringify(order)} order, "little" expected`)
}

/** Classes of TorchScript modules are only names; the few functions that put tensors together are known by heart. */
function isKnownGlobal(name: string): boolean {
  return (
    name.startsWith('__torch__.') ||
    name.startsWith('torch.jit._pickle.') ||
    Object.hasOwn(storageFormats, name) ||
    [REBUILD_TENSOR, REBUILD_PARAMETER, 'collections.OrderedDict', 'torch.Size', 'torch.device'].includes(
      name,
    )
  )
}

/** The tensors of a checkpoint by their dotted names. A training checkpoint keeps them under `state_dict`. */
function collectTensors(path: string, root: Pickled): ReadonlyMap<string, Placed> {
  const inner = isKind(root, 'dict') ? root.entries.get('state_dict') : undefined
  const tensors = new Map<string, Placed>()
  let visits = 0
  visit(inner ?? root, [])
  if (tensors.size === 0) throw badArchive(path, 'it holds no tensors')
  return withoutWrapper(tensors)

  function visit(value: Pickled, names: readonly string[]): void {
    // Values may be shared, so that few bytes can describe a tree without end.
    if (names.length > 32 || ++visits > MOST_VISITS)
      throw badArchive(path, 'its modules are nested too deeply')
    const node = isKind(value, 'object') ? value.state : value
    if (isKind(node, 'dict')) {
      for (const [name, child] of node.entries) if (typeof name === 'string') visit(child, [...names, name])
    } else if (isKind(node, 'call')) {
      const name = names.join('.')
      const tensor = tensorOfCall(path, name, node)
      if (tensor !== undefined) tensors.set(name, tensor)
    }
  }
}

/** Training on several devices puts `module.` before every name. */
function withoutWrapper(tensors: ReadonlyMap<string, Placed>): ReadonlyMap<string, Placed> {
  const prefix = 'module.'
  if (![...tensors.keys()].every((name) => name.startsWith(prefix))) return tensors
  return new Map(
    [...tensors].map(([name, tensor]) => [
      name.slice(prefix.length),
      { ...tensor, name: name.slice(prefix.length) },
    ]),
  )
}

function tensorOfCall(path: string, name: string, call: PickledCall): Placed | undefined {
  if (call.name === REBUILD_PARAMETER) {
    const inner = call.arguments[0]
    return isKind(inner, 'call') ? tensorOfCall(path, name, inner) : undefined
  }
  if (call.name !== REBUILD_TENSOR) return undefined
  const [reference, offset, shape, strides] = call.arguments
  const storage = isKind(reference, 'reference') && Array.isArray(reference.id) ? reference.id : []
  const [tag, type, key] = storage
  const format = isKind(type, 'global') ? storageFormats[type.name] : undefined
  if (
    tag !== 'storage' ||
    format === undefined ||
    typeof key !== 'string' ||
    !isCount(offset) ||
    !isCounts(shape) ||
    !isCounts(strides) ||
    shape.length !== strides.length
  )
    throw badArchive(path, `its description of tensor ${JSON.stringify(name.slice(0, 100))} is incomplete`)
  return { name, format, shape, strides, offset, key }
}

function isCount(value: Pickled | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isCounts(value: Pickled | undefined): value is number[] {
  return Array.isArray(value) && value.every(isCount)
}

async function readTensor(
  file: OpenFile,
  tensor: Placed,
  entry: StoredFile,
): Promise<Float32Array<ArrayBuffer>> {
  const { name, format, shape, strides, offset } = tensor
  const numbers = countNumbers(shape)
  const span = numbers === 0 ? 0 : shape.reduce((last, side, axis) => last + (side - 1) * strides[axis]!, 1)
  const size = bytesPerNumber[format]
  // A tensor may not be larger than its storage: strides of 0 would let a few bytes claim any amount of memory.
  if ((offset + span) * size > entry.length || numbers * size > entry.length)
    throw badArchive(
      file.path,
      `tensor ${JSON.stringify(name.slice(0, 100))} of shape [${shape.join(', ')}] does not fit into the ${entry.length} bytes stored for it`,
    )
  const stored = decodeNumbers(await file.read(entry.position + offset * size, span * size), format)
  return isRowMajor(shape, strides) ? stored : inRowOrder(stored, shape, strides)
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  return shape.every((_, fromEnd) => {
    const axis = shape.length - 1 - fromEnd
    const fits = shape[axis] === 1 || strides[axis] === expected
    expected *= shape[axis]!
    return fits
  })
}

/** Copies numbers that lie in another order, as those of a transposed matrix do. */
function inRowOrder(
  stored: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(countNumbers(shape))
  const index = shape.map(() => 0)
  let from = 0
  for (let to = 0; to < values.length; to++) {
    values[to] = stored[from]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return values
}

function found(entry: StoredFile | undefined, path: string, name: string): StoredFile {
  if (entry === undefined) throw badArchive(path, `it has no ${name}`)
  return entry
}

function badArchive(path: string, reason: string): AppError {
  return new AppError('bad-file', `${path} is not a PyTorch weight file that can be used: ${reason}.`, {
    hint: 'The file is damaged, incomplete or of another kind. Download or copy it again, or use a safetensors file.',
  })
}
