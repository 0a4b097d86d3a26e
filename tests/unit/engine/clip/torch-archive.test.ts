import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPickle, type Pickled } from '#main/engine/clip/pickle'
import { openTorchArchive } from '#main/engine/clip/torch-archive'
import { AppError } from '#shared/errors'
import { makeZip } from '../../../support/archives.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const fixtures = join(import.meta.dirname, '../../../fixtures/clip/openai')

/** An archive with a description written by hand. */
function craft(description: string | Buffer, storages: Record<string, Buffer> = {}): string {
  const path = join(temporaryFolder(), 'crafted.pt')
  const content = typeof description === 'string' ? Buffer.from(description, 'latin1') : description
  const files = Object.entries(storages).map(([key, bytes]) => ({
    name: `a/data/${key}`,
    content: bytes,
    stored: true,
  }))
  writeFileSync(path, makeZip([{ name: 'a/data.pkl', content, stored: true }, ...files]))
  return path
}

/** Instructions of a pickle that put a tensor on the stack. */
function tensor({ shape = [2], strides = [1], offset = 0, type = 'torch\nFloatStorage' } = {}): string {
  const tuple = (numbers: number[]) =>
    `(${numbers.map((number) => `K${String.fromCharCode(number)}`).join('')}t`
  const storage = `(${text('storage')}c${type}\n${text('0')}${text('cpu')}K\x02tQ`
  return `ctorch._utils\n_rebuild_tensor_v2\n(${storage}K${String.fromCharCode(offset)}${tuple(shape)}${tuple(strides)}\x89ccollections\nOrderedDict\n)RtR`
}

function text(value: string): string {
  return `\x8c${String.fromCharCode(value.length)}${value}`
}

const eight = Buffer.from(Float32Array.of(1, 2).buffer)
const oneTensor = (what: string) => `\x80\x02}${text('w')}${what}s.`

describe('openTorchArchive', () => {
  test('reads tensors that lie in another order than their own, and what training programs wrap around them', async () => {
    const file = await openTorchArchive(join(fixtures, 'odd.pt'))
    expect([...file.tensors.keys()].sort()).toEqual(['brain', 'parameter', 'part', 'transposed', 'whole'])
    const at = (x: number, y: number, z: number) => x * 12 + y * 4 + z
    const transposed = [0, 1, 2, 3].flatMap((z) => [0, 1].flatMap((x) => [0, 1, 2].map((y) => at(x, y, z))))
    expect([...(await file.read('transposed'))]).toEqual(transposed)
    expect(file.tensors.get('transposed')!.shape).toEqual([4, 2, 3])
    expect([...(await file.read('part'))]).toEqual([16, 17, 18, 19, 20, 21, 22, 23])
    expect([...(await file.read('parameter'))]).toEqual([0, 2, 12, 14])
    expect([...(await file.read('brain'))]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect([...(await file.read('whole'))]).toEqual([7])
    await file.close()
  })

  test('reads one written by hand', async () => {
    const file = await openTorchArchive(craft(oneTensor(tensor()), { 0: eight }))
    expect([...(await file.read('w'))]).toEqual([1, 2])
    await file.close()
  })

  test.each([
    [
      'a shell command',
      `\x80\x02cos\nsystem\n${text('true')}\x85R.`,
      /"os\.system", which is no part of a weight file\. Nothing of it was run/,
    ],
    ['a builtin', `\x80\x04${text('builtins')}${text('eval')}\x93${text('1')}\x85R.`, /"builtins\.eval"/],
    [
      'a class of PyTorch that is no tensor',
      '\x80\x02ctorch.nn.modules.linear\nLinear\n)\x81.',
      /"torch\.nn\.modules\.linear\.Linear"/,
    ],
    ['a global with a long name', `\x80\x02c${'x'.repeat(5000)}\ny\n.`, /"x{100}"/],
    ['an instruction that weights do not need', '\x80\x02ibuiltins\neval\n.', /instruction 0x69/],
    ['a value that was never stored', '\x80\x02h\x05.', /recalls value 5/],
    ['an empty stack', '\x80\x02.', /a value that is not there/],
    ['a group that was never begun', '\x80\x02t.', /group that it never began/],
    [
      'a group that takes what lies below it',
      '\x80\x02ccollections\nOrderedDict\n)(R.',
      /a value that is not there/,
    ],
    ['pairs for a list', '\x80\x02]K\x01K\x02s.', /pairs to what is no dictionary/],
    ['a list in a number', '\x80\x02K\x01K\x02a.', /appends to what is no list/],
    ['a call of a number', '\x80\x02K\x01)R.', /calls what is no function/],
    ['a text that ends behind the file', '\x80\x02X\xff\xff\xff\x7fabc', /ends in the middle/],
    ['nothing', '', /ends in the middle/],
    ['no tensors', '\x80\x02}.', /holds no tensors/],
    [
      'a storage of another kind',
      oneTensor(tensor({ type: 'torch\nComplexFloatStorage' })),
      /"torch\.ComplexFloatStorage"/,
    ],
    [
      'a shape without strides',
      oneTensor(tensor({ strides: [] })),
      /description of tensor "w" is incomplete/,
    ],
  ])('refuses %s', async (_, description, message) => {
    await expect(openTorchArchive(craft(description, { 0: eight }))).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(message) as string,
    })
  })

  test.each([
    ['that claims more numbers than are stored', { shape: [3] }],
    ['that repeats a few numbers without end', { shape: [200, 200], strides: [0, 0] }],
    ['that begins behind its numbers', { offset: 1 }],
    ['whose rows lie beyond the end', { shape: [2, 1], strides: [9, 1] }],
  ])('refuses a tensor %s', async (_, wrong) => {
    const file = await openTorchArchive(craft(oneTensor(tensor(wrong)), { 0: eight }))
    await expect(file.read('w')).rejects.toThrow(/does not fit into the 8 bytes stored for it/)
    await file.close()
  })

  test('refuses a small file that describes a tree without end', async () => {
    const doubling = Array.from(
      { length: 30 },
      (_, i) =>
        `}q${String.fromCharCode(i + 1)}(${text('a')}h${String.fromCharCode(i)}${text('b')}h${String.fromCharCode(i)}u`,
    )
    await expect(openTorchArchive(craft(`\x80\x02}q\x00${doubling.join('')}.`))).rejects.toThrow(
      /nested too deeply/,
    )
  })

  test('refuses a small file that describes millions of values', () => {
    const bytes = Buffer.concat([
      Buffer.from('\x80\x02(', 'latin1'),
      Buffer.alloc(6_000_000, 'N'),
      Buffer.from('t.'),
    ])
    expect(() => readPickle('x', bytes, () => true)).toThrow(/more than 5000000 values/)
  })

  test('refuses big-endian numbers', async () => {
    const path = join(temporaryFolder(), 'big.pt')
    const files = {
      'a/data.pkl': Buffer.from(oneTensor(tensor()), 'latin1'),
      'a/byteorder': Buffer.from('big'),
    }
    writeFileSync(
      path,
      makeZip(Object.entries(files).map(([name, content]) => ({ name, content, stored: true }))),
    )
    await expect(openTorchArchive(path)).rejects.toThrow(/"big" order/)
  })

  test.each([
    ['names a file twice', [{ name: 'a/data.pkl' }, { name: 'a/data.pkl' }], /lists "a\/data\.pkl" twice/],
    ['is compressed', [{ name: 'a/data.pkl', stored: false }], /is compressed/],
    ['has another content', [{ name: 'word/document.xml' }], /no data\.pkl/],
    ['claims a longer file', [{ name: 'a/data.pkl', claim: { bytes: 900 } }], /bad|compressed|beyond|left/],
  ])('refuses an archive that %s', async (_, inputs, message) => {
    const path = join(temporaryFolder(), 'odd.zip')
    const content = Buffer.from(oneTensor(tensor()), 'latin1')
    writeFileSync(path, makeZip(inputs.map((input) => ({ content, stored: true, ...input }))))
    await expect(openTorchArchive(path)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(message) as string,
    })
  })

  test.each(['state-dict.pt', 'odd.pt', 'torchscript.pt'])(
    'fails with AppError alone on a broken %s',
    async (name) => {
      const whole = readFileSync(join(fixtures, name))
      const path = join(temporaryFolder(), 'broken.pt')
      const length = fc.oneof({ weight: 4, arbitrary: fc.constant(whole.length) }, fc.nat(whole.length))
      const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 })
      await fc.assert(
        fc.asyncProperty(length, flips, async (kept, places) => {
          const broken = Buffer.from(whole)
          for (const [at, value] of places) broken[at] = value
          writeFileSync(path, broken.subarray(0, kept))
          const outcome = await readAll(path).catch((thrown: unknown) => thrown)
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AppError)
        }),
        { numRuns: 30 },
      )
    },
  )
})

async function readAll(path: string): Promise<void> {
  const file = await openTorchArchive(path)
  try {
    for (const name of file.tensors.keys()) await file.read(name)
  } finally {
    await file.close()
  }
}

describe('readPickle', () => {
  test('fails with AppError alone on random instructions', () => {
    const instructions = [
      ...Array.from('(NKMJGX)]}taesucqrhjQRb.'),
      '\x80',
      '\x81',
      '\x85',
      '\x86',
      '\x87',
      '\x88',
      '\x8a',
      '\x8c',
      '\x93',
      '\x94',
      '\x95',
    ]
    const code = fc.array(fc.oneof(fc.constantFrom(...instructions), fc.string({ maxLength: 3 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(code, (parts) => {
        try {
          readPickle('x', Buffer.from(parts.join(''), 'latin1'), () => true)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test.each<[string, Pickled]>([
    ['J\xff\xff\xff\xff', -1],
    ['\x8a\x00', 0],
    ['\x8a\x01\xff', -1],
    ['\x8a\x02\xff\x00', 255],
    ['\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01', 2n ** 64n],
    ['G\x3f\xf8\x00\x00\x00\x00\x00\x00', 1.5],
    ['X\x02\x00\x00\x00\xc3\xa9', 'é'],
    ['K\x01K\x02\x86', [1, 2]],
    ['(K\x01N\x88t', [1, null, true]],
    [']q\x00K\x05a', [5]],
  ])('%j', (code, value) => {
    expect(readPickle('x', Buffer.from(`${code}.`, 'latin1'), () => false)).toEqual(value)
  })
})
