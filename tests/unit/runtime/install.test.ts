import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { AppError } from '#shared/errors'
import { bindingFile } from '#main/runtime/binding'
import { compileBinding } from '#main/runtime/compile'
import { engineEnvironment } from '#main/runtime/environment'
import { installPack, type InstallParts, type InstallProgress } from '#main/runtime/install'
import {
  findPack,
  listPacks,
  packFolder,
  readPack,
  recordFile,
  runtimeFolder,
  verifyPack,
} from '#main/runtime/packs'
import { headerFolder, packSource, type Archive, type PackName, type PackSource } from '#main/runtime/sources'
import { makeElf, makeTarGz, makeZip } from '../../support/archives.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const gpuRunPath = '$ORIGIN/../nvidia/cublas/lib'

/** Small files under the names that the real archives use. */
function makeArchive({ file, take }: Archive, runPath = gpuRunPath): Buffer {
  if (file.includes('2.9.1.tar.gz'))
    return makeTarGz([
      { name: './lib/libtensorflow.so', type: '2', linkTarget: 'libtensorflow.so.2' },
      ...['libtensorflow', 'libtensorflow_framework'].map((name) => ({
        name: `./lib/${name}.so.2.9.1`,
        content: Buffer.from(name),
      })),
    ])
  if (file.endsWith('.tar.gz'))
    return makeTarGz([{ name: 'napi-v8/tfjs_binding.node', content: Buffer.from('prebuilt') }])
  const library = /^nvidia_(\w+)_cu12/.exec(file)?.[1]
  if (library !== undefined)
    return makeZip([
      { name: `nvidia/${library}/lib/lib${library}.so.12`, content: Buffer.from(library) },
      { name: `nvidia/${library}/include/${library}.h`, content: Buffer.from('not needed') },
      { name: `nvidia/${library}/bin/ptxas`, content: Buffer.from('assembler') },
    ])
  const headers = wheelHeaders().map((name) => ({ name, content: Buffer.from(`// ${name}`) }))
  const entries = [
    { name: 'tensorflow/libtensorflow_cc.so.2', content: makeElf('$ORIGIN/') },
    { name: 'tensorflow/libtensorflow_framework.so.2', content: makeElf(runPath) },
    { name: 'tensorflow/python/other.so', content: Buffer.from('not needed') },
    ...headers,
  ]
  expect(entries.filter(({ name }) => take(name) !== null)).toHaveLength(16)
  return makeZip(entries)
}

function wheelHeaders(): string[] {
  const c = [
    'c_api',
    'c_api_macros',
    'tf_attrtype',
    'tf_buffer',
    'tf_datatype',
    'tf_status',
    'tf_tensor',
    'tf_tstring',
  ]
  const others = ['tensorflow/c/eager/c_api', 'xla/tsl/c/tsl_status']
  const strings = ['tensorflow/core', 'tsl'].flatMap((where) =>
    ['ctstring', 'ctstring_internal'].map((name) => `${where}/platform/${name}`),
  )
  return [...c.map((name) => `tensorflow/c/${name}`), ...others, ...strings].map(
    (name) => `tensorflow/include/${name}.h`,
  )
}

/** The real source of a pack with small archives in `from`, their checksums pinned, and a stand-in for the compiler. */
function stick(
  pack: PackName,
  runPath?: string,
): { from: string; parts: InstallParts & { source: PackSource } } {
  const from = temporaryFolder()
  const real = packSource(pack, 'linux-x64')!
  const archives = real.archives.map((archive) => {
    const content = makeArchive(archive, runPath)
    writeFileSync(join(from, archive.file), content)
    const sha256 = createHash('sha256').update(content).digest('hex')
    return { ...archive, bytes: content.length, sha256: archive.sha256 === null ? null : sha256 }
  })
  const compile: InstallParts['compile'] = ({ headers, libraries, output }) => {
    expect(existsSync(join(headers, 'tensorflow', 'c', 'eager', 'c_api.h'))).toBe(true)
    expect(existsSync(join(libraries, 'libtensorflow_cc.so.2'))).toBe(true)
    mkdirSync(dirname(output), { recursive: true })
    writeFileSync(output, 'compiled')
    return Promise.resolve()
  }
  return { from, parts: { source: { ...real, archives, installedBytes: 1000 }, compile } }
}

function errorOf(work: Promise<unknown>): Promise<AppError> {
  return work.then(
    () => expect.unreachable('it should have failed'),
    (thrown: unknown) => AppError.from(thrown),
  )
}

/** What an installation may leave when it fails: nothing but fetched files. */
function leftIn(dataFolder: string): string[] {
  return readdirSync(runtimeFolder(dataFolder)).filter((name) => name !== 'downloads')
}

describe('installPack from local files', () => {
  test.each(['cpu', 'cuda12', 'official'] as const)('installs pack %s', async (pack) => {
    const { from, parts } = stick(pack)
    const dataFolder = temporaryFolder()
    const steps: InstallProgress[] = []
    const installed = await installPack(
      { pack, dataFolder, from, onProgress: (step) => steps.push(step) },
      parts,
    )

    expect(installed.folder).toBe(packFolder(dataFolder, pack))
    expect(await verifyPack(installed)).toEqual([])
    expect(readFileSync(join(installed.folder, bindingFile), 'utf8')).toBe(
      pack === 'official' ? 'prebuilt' : 'compiled',
    )
    expect(existsSync(join(installed.folder, 'deps', 'lib', 'libtensorflow.so.2'))).toBe(true)
    expect(existsSync(join(installed.folder, headerFolder))).toBe(false)
    expect(installed.record.archives.every(({ pinned }) => pinned === (pack !== 'official'))).toBe(true)
    expect(installed.record.libraryPath).toEqual([])
    expect(leftIn(dataFolder)).toEqual([`${pack}-${process.platform}-${process.arch}`])
    expect(steps.at(-1)?.step).toBe('finish')
    expect(findPack(dataFolder, undefined, { env: {}, hasNvidia: false })).toEqual(installed)
  })

  test('takes the only archive of a pack as a file, too', async () => {
    const { from, parts } = stick('cpu')
    const file = join(from, parts.source.archives[0]!.file)
    const installed = await installPack({ pack: 'cpu', dataFolder: temporaryFolder(), from: file }, parts)
    expect(installed.name).toBe('cpu')
  })

  test('gives what CUDA needs at run time, and executable', async () => {
    const { from, parts } = stick('cuda12')
    const { folder } = await installPack({ pack: 'cuda12', dataFolder: temporaryFolder(), from }, parts)
    const nvidia = join(folder, 'deps', 'nvidia')
    expect(existsSync(join(nvidia, 'cublas', 'lib', 'libcublas.so.12'))).toBe(true)
    expect(existsSync(join(nvidia, 'cublas', 'include'))).toBe(false)
    expect(existsSync(join(nvidia, 'nvrtc', 'lib', 'libcuda_nvrtc.so.12'))).toBe(true)
    expect(statSync(join(nvidia, 'cuda_nvcc', 'bin', 'ptxas')).mode & 0o111).toBe(0o111)
    expect(engineEnvironment(readPack(folder), {})['XLA_FLAGS']).toContain(join(nvidia, 'cuda_nvcc'))
  })

  test('notes where CUDA lies when TensorFlow would not find it by itself', async () => {
    const { from, parts } = stick('cuda12', '$ORIGIN/')
    const installed = await installPack({ pack: 'cuda12', dataFolder: temporaryFolder(), from }, parts)
    expect(installed.record.libraryPath).toContain('deps/nvidia/cudnn/lib')
    const path = engineEnvironment(installed, { LD_LIBRARY_PATH: '/mine' })['LD_LIBRARY_PATH']?.split(
      delimiter,
    )
    expect(path).toContain(join(installed.folder, 'deps/nvidia/cudnn/lib'))
    expect(path?.at(-1)).toBe('/mine')
  })

  test('names every missing file and how to get it', async () => {
    const { parts } = stick('cuda12')
    const error = await errorOf(
      installPack({ pack: 'cuda12', dataFolder: temporaryFolder(), from: temporaryFolder() }, parts),
    )
    expect(error.code).toBe('not-found')
    expect(error.message).toContain('nvidia_cudnn_cu12-9.10.2.21')
    expect(error.hint).toContain('pip download')
    expect(error.hint).toContain('nvidia-nccl-cu12==2.28.9')
  })

  test.each([
    [
      'another file',
      (content: Buffer) => Buffer.concat([content, Buffer.from('x')]),
      /not the file that was pinned: SHA-256/,
    ],
    ['half a file', (content: Buffer) => content.subarray(0, content.length / 2), /cut short/],
  ])('refuses %s and leaves nothing behind', async (_, change, message) => {
    const { from, parts } = stick('cpu')
    const path = join(from, parts.source.archives[0]!.file)
    writeFileSync(path, change(readFileSync(path)))
    const dataFolder = temporaryFolder()
    const error = await errorOf(installPack({ pack: 'cpu', dataFolder, from }, parts))
    expect(error.code).toBe('bad-file')
    expect(error.message).toMatch(message)
    expect(leftIn(dataFolder)).toEqual([])
  })

  test('refuses an archive that lacks a library', async () => {
    const { from, parts } = stick('official')
    writeFileSync(
      join(from, parts.source.archives[0]!.file),
      makeTarGz([{ name: 'lib/libtensorflow.so.2.9.1' }]),
    )
    const dataFolder = temporaryFolder()
    const error = await errorOf(installPack({ pack: 'official', dataFolder, from }, parts))
    expect(error.message).toContain('1 of the 2 files')
    expect(leftIn(dataFolder)).toEqual([])
  })

  test('keeps the old pack when a new installation fails', async () => {
    const { from, parts } = stick('cpu')
    const dataFolder = temporaryFolder()
    const before = await installPack({ pack: 'cpu', dataFolder, from }, parts)
    const compile = () => Promise.reject(new AppError('runtime-missing', 'no compiler'))
    await errorOf(installPack({ pack: 'cpu', dataFolder, from, reinstall: true }, { ...parts, compile }))
    expect(await verifyPack(readPack(before.folder))).toEqual([])
    expect(leftIn(dataFolder)).toHaveLength(1)
  })

  test('does nothing when the pack is there, and repairs it when it is damaged', async () => {
    const { from, parts } = stick('cpu')
    const dataFolder = temporaryFolder()
    const { folder } = await installPack({ pack: 'cpu', dataFolder, from }, parts)
    const compile = vi.fn(parts.compile)
    await installPack({ pack: 'cpu', dataFolder, from }, { ...parts, compile })
    expect(compile).not.toHaveBeenCalled()

    writeFileSync(join(folder, 'deps', 'lib', 'libtensorflow_framework.so.2'), 'short')
    expect(() => readPack(folder)).toThrow(/5 of \d+ bytes/)
    await installPack({ pack: 'cpu', dataFolder, from }, { ...parts, compile })
    expect(await verifyPack(readPack(folder))).toEqual([])
  })

  test('clears away what a killed installation has left', async () => {
    const { from, parts } = stick('cpu')
    const dataFolder = temporaryFolder()
    mkdirSync(join(runtimeFolder(dataFolder), '.installing-cpu-0000', 'deps'), { recursive: true })
    await installPack({ pack: 'cpu', dataFolder, from }, parts)
    expect(leftIn(dataFolder)).toHaveLength(1)
  })

  test('two installations at once wait for each other', async () => {
    const { from, parts } = stick('cpu')
    const dataFolder = temporaryFolder()
    const compile = vi.fn(parts.compile)
    const texts: string[] = []
    const install = () =>
      installPack(
        { pack: 'cpu', dataFolder, from, onProgress: ({ text }) => texts.push(text) },
        { ...parts, compile },
      )
    const [first, second] = await Promise.all([install(), install()])
    expect(second).toEqual(first)
    expect(compile).toHaveBeenCalledTimes(1)
    expect(texts.some((text) => text.includes('waiting'))).toBe(true)
  })

  test('stops when it is told to, leaving nothing behind', async () => {
    const { from, parts } = stick('cpu')
    const dataFolder = temporaryFolder()
    const stop = new AbortController()
    const onProgress = ({ step }: InstallProgress) => {
      if (step === 'compile') stop.abort()
    }
    const request = { pack: 'cpu', dataFolder, from, onProgress, signal: stop.signal } as const
    await expect(installPack(request, parts)).rejects.toThrow(/abort/i)
    expect(leftIn(dataFolder)).toEqual([])
  })

  test('says so before it starts when the disk is too small', async () => {
    const { from, parts } = stick('cpu')
    const source = { ...parts.source, installedBytes: 1e18 }
    const error = await errorOf(
      installPack({ pack: 'cpu', dataFolder: temporaryFolder(), from }, { ...parts, source }),
    )
    expect(error.code).toBe('disk-full')
    expect(error.message).toContain('1000000000.0 GB are needed')
  })

  test('says so when the platform has no such pack', async () => {
    const parts = { source: undefined, compile: compileBinding }
    const error = await errorOf(installPack({ pack: 'cpu', dataFolder: temporaryFolder() }, parts))
    expect(error.code).toBe('invalid-input')
    expect(error.hint).toContain('Linux')
  })
})

/** A `python3` in front of all others on the path. */
function fakePython(script: string): void {
  const folder = temporaryFolder()
  const path = join(folder, 'python3')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`)
  onTestFinished(() => void vi.unstubAllEnvs())
}

/** The last argument is the folder that pip downloads into. */
const copyFrom = (from: string) =>
  `for last; do :; done; echo "$@" >> "${from}/calls"; cp "${from}"/*.whl "$last"`

describe('installPack from the network', () => {
  test('lets the pip of the user fetch the pinned wheel', async () => {
    const { from, parts } = stick('cpu')
    fakePython(copyFrom(from))
    const dataFolder = temporaryFolder()
    await installPack({ pack: 'cpu', dataFolder }, parts)
    const call = readFileSync(join(from, 'calls'), 'utf8')
    expect(call).toMatch(
      /^-m pip download --no-deps .*--python-version 3\.11 .*--platform manylinux_2_27_x86_64 tensorflow-cpu==2\.21\.0/,
    )
    expect(leftIn(dataFolder)).toHaveLength(1)
    expect(existsSync(join(runtimeFolder(dataFolder), 'downloads'))).toBe(false)
  })

  test('keeps what was fetched when a later step fails, and does not fetch it again', async () => {
    const { from, parts } = stick('cpu')
    fakePython(copyFrom(from))
    const dataFolder = temporaryFolder()
    const compile = () => Promise.reject(new AppError('runtime-missing', 'no compiler'))
    await errorOf(installPack({ pack: 'cpu', dataFolder }, { ...parts, compile }))
    await installPack({ pack: 'cpu', dataFolder }, parts)
    expect(readFileSync(join(from, 'calls'), 'utf8').trim().split('\n')).toHaveLength(1)
  })

  test.each([
    ['echo "[Errno 28] No space left on device" >&2; exit 1', 'disk-full', /disk is full/],
    [
      'echo "NewConnectionError: Temporary failure in name resolution" >&2; exit 1',
      'runtime-missing',
      /cannot reach the package index/,
    ],
    ['echo "No matching distribution found" >&2; exit 1', 'runtime-missing', /pip failed .*\n.*No matching/],
    ['exit 0', 'runtime-missing', /gave another file/],
  ])('explains the failure of: %s', async (script, code, message) => {
    const { parts } = stick('cpu')
    fakePython(script)
    const error = await errorOf(installPack({ pack: 'cpu', dataFolder: temporaryFolder() }, parts))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
  })

  test('ends a pip at work when it is stopped, with the reason it was given', async () => {
    const { parts } = stick('cpu')
    fakePython('exec sleep 30')
    const stop = new AbortController()
    const onProgress = () => void setTimeout(() => stop.abort(new AppError('run-cancelled', 'Stopped')), 200)
    const request = { pack: 'cpu', dataFolder: temporaryFolder(), onProgress, signal: stop.signal } as const
    expect((await errorOf(installPack(request, parts))).code).toBe('run-cancelled')
  })

  test('says so when there is no pip at all', async () => {
    const { parts } = stick('cpu')
    vi.stubEnv('PATH', temporaryFolder())
    onTestFinished(() => void vi.unstubAllEnvs())
    const error = await errorOf(installPack({ pack: 'cpu', dataFolder: temporaryFolder() }, parts))
    expect(error.code).toBe('runtime-missing')
    expect(error.hint).toMatch(/Install Python with pip .*--from/)
  })

  test('refuses a fetched file with another checksum', async () => {
    const { from, parts } = stick('cpu')
    fakePython(`${copyFrom(from)}; echo more >> "$last/${parts.source.archives[0]!.file}"`)
    const dataFolder = temporaryFolder()
    expect((await errorOf(installPack({ pack: 'cpu', dataFolder }, parts))).message).toContain('SHA-256')
    expect(leftIn(dataFolder)).toEqual([])
  })

  test('asks before gigabytes, and takes silence for no', async () => {
    const dataFolder = temporaryFolder()
    const confirm = vi.fn(() => Promise.resolve(false))
    expect((await errorOf(installPack({ pack: 'cuda12', dataFolder, confirm }))).code).toBe('invalid-input')
    expect(confirm).toHaveBeenCalledWith(
      expect.objectContaining({ pack: 'cuda12', downloadBytes: 3_315_149_914 }),
    )
    expect((await errorOf(installPack({ pack: 'cuda12', dataFolder }))).hint).toContain('--yes')
    expect(leftIn(dataFolder)).toEqual([])
  })

  test('fetches the official pack over HTTP', async () => {
    const { from, parts } = stick('official')
    const server = createServer(({ url }, response) =>
      response.end(readFileSync(join(from, (url ?? '').slice(1)))),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const archives = parts.source.archives.map((archive) => ({
      ...archive,
      origin: { url: `http://127.0.0.1:${port}/${archive.file}` },
    }))
    const installed = await installPack(
      { pack: 'official', dataFolder: temporaryFolder() },
      { ...parts, source: { ...parts.source, archives } },
    )
    expect(await verifyPack(installed)).toEqual([])
  })

  test('explains an address that does not answer', async () => {
    const { parts } = stick('official')
    const archives = parts.source.archives.map((archive) => ({
      ...archive,
      origin: { url: 'http://127.0.0.1:9/x' },
    }))
    const source = { ...parts.source, archives }
    const error = await errorOf(
      installPack({ pack: 'official', dataFolder: temporaryFolder() }, { ...parts, source }),
    )
    expect(error.code).toBe('runtime-missing')
    expect(error.hint).toContain('--from')
  })
})

describe('compileBinding', () => {
  const job = () => ({
    headers: '/nowhere',
    libraries: '/nowhere',
    output: join(temporaryFolder(), 'lib', 'b.node'),
  })

  test('names the remedy when there is no compiler', async () => {
    vi.stubEnv('CXX', join(temporaryFolder(), 'no-compiler'))
    onTestFinished(() => void vi.unstubAllEnvs())
    const error = await errorOf(compileBinding(job()))
    expect(error.code).toBe('runtime-missing')
    expect(error.hint).toContain('apt install g++')
  })

  test('shows what the compiler complains about', async () => {
    const error = await errorOf(compileBinding(job()))
    expect(error.code).toBe('internal')
    expect(error.message).toContain('c_api.h')
  })
})

describe('verifyPack and findPack', () => {
  test('finds a changed, a shortened and a missing file', async () => {
    const { from, parts } = stick('cpu')
    const installed = await installPack({ pack: 'cpu', dataFolder: temporaryFolder(), from }, parts)
    const path = join(installed.folder, bindingFile)
    writeFileSync(path, 'COMPILED')
    expect(await verifyPack(installed)).toEqual([`${bindingFile} has changed since installation`])
    writeFileSync(path, 'x')
    expect(await verifyPack(installed)).toEqual([`${bindingFile} has 1 bytes instead of 8`])
  })

  test('prefers the pack for the card where there is one', async () => {
    const dataFolder = temporaryFolder()
    for (const pack of ['cpu', 'cuda12'] as const) {
      const { from, parts } = stick(pack)
      await installPack({ pack, dataFolder, from }, parts)
    }
    const find = (hasNvidia: boolean, preference?: PackName) =>
      findPack(dataFolder, preference, { env: {}, hasNvidia }).name
    expect(find(true)).toBe('cuda12')
    expect(find(false)).toBe('cpu')
    expect(find(false, 'cuda12')).toBe('cuda12')
    const folder = packFolder(dataFolder, 'cuda12')
    expect(
      findPack(temporaryFolder(), 'cpu', { env: { DPLSTUDIO_RUNTIME: folder }, hasNvidia: false }).name,
    ).toBe('cuda12')
    expect(listPacks(dataFolder).filter(({ installed }) => installed !== null)).toHaveLength(2)
  })

  test('says what to do when nothing is installed', () => {
    expect(() => findPack(temporaryFolder(), undefined, { env: {}, hasNvidia: true })).toThrow(
      expect.objectContaining({
        code: 'runtime-missing',
        hint: expect.stringContaining('cuda12') as string,
      }) as Error,
    )
  })

  test('lists a pack with a broken record as a problem, not as installed', () => {
    const dataFolder = temporaryFolder()
    const folder = packFolder(dataFolder, 'cpu')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, recordFile), '{"format":1')
    const state = listPacks(dataFolder).find(({ name }) => name === 'cpu')
    expect(state?.installed).toBeNull()
    expect(state?.problem).toContain(recordFile)
    expect(() => findPack(dataFolder, undefined, { env: {}, hasNvidia: false })).toThrow(
      /No usable .*\n.*runtime\.json/,
    )
  })
})
