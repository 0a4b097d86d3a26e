import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readExport, writeExport, type ExportParts } from '#main/engine/export/export-folder'
import { exampleParts } from '../../../support/export-example.ts'
import { hostileNames } from '../../../support/prompt-examples.ts'
import { tinyArchitecture } from '../../../support/random-clip.ts'

let folder: string
let target: string
let parts: ExportParts

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'export-'))
  target = join(folder, 'exports', 'mine')
  parts = exampleParts(folder)
})
afterEach(() => rmSync(folder, { recursive: true }))

function changeJson(name: string, change: (json: Record<string, unknown>) => void): void {
  const path = join(target, name)
  const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  change(json)
  writeFileSync(path, JSON.stringify(json))
}

describe('writeExport', () => {
  test('writes every file a program or a person needs, and nothing beside the folder', () => {
    const files = writeExport(target, parts)
    expect(files).toEqual(
      [
        'README.md',
        'alpha-text.npy',
        'classes.json',
        'classifier.safetensors',
        'config.json',
        'load_prompts.py',
        'preprocessor_config.json',
        'prompt.safetensors',
        'verification.json',
      ].sort(),
    )
    expect(readdirSync(target).sort()).toEqual(files)
    expect(readdirSync(join(folder, 'exports'))).toEqual(['mine'])
  })

  test('leaves nothing behind when it fails half way', () => {
    expect(() => writeExport(target, { ...parts, loader: join(folder, 'missing.py') })).toThrow()
    expect(readdirSync(join(folder, 'exports'))).toEqual([])
  })

  test('takes away what a killed export to the same place left, and nothing else', () => {
    const left = (name: string) => mkdirSync(join(folder, 'exports', name, 'half'), { recursive: true })
    const others = ['.mine.backup.tmp', '.other.0123456789ab.tmp', '.mine.0123456789ab.old']
    for (const name of ['.mine.0123456789ab.tmp', ...others]) left(name)
    writeExport(target, parts)
    expect(readdirSync(join(folder, 'exports')).sort()).toEqual([...others, 'mine'].sort())
  })

  test('takes an empty folder', () => {
    mkdirSync(target, { recursive: true })
    writeExport(target, parts)
    expect(existsSync(join(target, 'config.json'))).toBe(true)
  })

  test('refuses a folder that exists, and one that holds something else even when asked to replace', () => {
    mkdirSync(target, { recursive: true })
    writeFileSync(join(target, 'holiday.jpg'), 'precious')
    expect(() => writeExport(target, parts)).toThrow(/exists already/)
    expect(() => writeExport(target, parts, { replace: true })).toThrow(/not an export of this run/)
    expect(readdirSync(target)).toEqual(['holiday.jpg'])
  })

  test('replaces an older export of the same run when asked to, never of another run', async () => {
    writeExport(target, parts)
    const other = { ...parts, job: { ...parts.job, runId: 'run-2' } }
    expect(() => writeExport(target, other, { replace: true })).toThrow(/not an export of this run/)
    expect(() => writeExport(target, parts)).toThrow(/exists already/)
    writeExport(target, { ...parts, logitScale: 9 }, { replace: true })
    expect((await readExport(target)).config.logitScale).toBe(9)
    expect(readdirSync(join(folder, 'exports'))).toEqual(['mine'])
  })

  test('refuses a file', () => {
    mkdirSync(join(folder, 'exports'))
    writeFileSync(target, '')
    expect(() => writeExport(target, parts)).toThrow(/is a file/)
  })
})

describe('readExport', () => {
  test('gives back what was written, hostile names and all', async () => {
    writeExport(target, parts)
    const read = await readExport(target)
    expect(read.prompts).toEqual(parts.prompt.prompts)
    expect(read.classFeatures).toEqual(parts.classFeatures)
    expect(read.answers).toEqual(parts.answers)
    expect(read.header.classNames).toEqual(hostileNames)
    expect(read.config).toMatchObject({
      classNames: hostileNames,
      classTexts: hostileNames.map((name) => [`a photo of a ${name}.`]),
      architecture: tinyArchitecture,
      preprocessing: parts.preprocessing,
      logitScale: 8,
      accuracy: 0.75,
      zeroShotAccuracy: 0.5,
    })
    expect(JSON.parse(readFileSync(join(target, 'classes.json'), 'utf8'))).toEqual(hostileNames)
  })

  test('refuses another CLIP', async () => {
    writeExport(target, parts)
    const reading = readExport(target, { architecture: tinyArchitecture, digest: 'other' })
    await expect(reading).rejects.toMatchObject({ code: 'model-mismatch' })
  })

  test('does without the answers when they were taken out, and lets people edit the card and the loader', async () => {
    writeExport(target, parts)
    rmSync(join(target, 'verification.json'))
    writeFileSync(join(target, 'README.md'), 'my notes')
    writeFileSync(join(target, 'load_prompts.py'), '# changed')
    expect((await readExport(target)).answers).toBeNull()
  })

  test.each(['prompt.safetensors', 'classifier.safetensors', 'classes.json', 'alpha-text.npy'])(
    'notices that %s is missing, cut short or changed',
    async (name) => {
      writeExport(target, parts)
      const path = join(target, name)
      const bytes = readFileSync(path)
      writeFileSync(path, Buffer.from(bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))))
      await expect(readExport(target)).rejects.toMatchObject({ code: 'bad-file' })
      writeFileSync(path, bytes)
      truncateSync(path, bytes.length - 1)
      await expect(readExport(target)).rejects.toThrow(name)
      rmSync(path)
      await expect(readExport(target)).rejects.toThrow(`${name} is missing`)
    },
  )

  test.each([
    ['is no export', (json: Record<string, unknown>) => (json['format'] = 'other')],
    [
      'names other classes than the prompts',
      (json: Record<string, unknown>) => (json['classNames'] = ['a', 'b']),
    ],
    ['has another template', (json: Record<string, unknown>) => (json['template'] = 'an {}')],
    ['lists no prompts', (json: Record<string, unknown>) => (json['files'] = {})],
    [
      'lists files elsewhere',
      (json: Record<string, unknown>) => (json['files'] = { '../../etc/passwd': '' }),
    ],
  ])('refuses a config.json that %s', async (_, change) => {
    writeExport(target, parts)
    changeJson('config.json', change)
    await expect(readExport(target)).rejects.toMatchObject({ code: 'bad-file' })
  })
})
