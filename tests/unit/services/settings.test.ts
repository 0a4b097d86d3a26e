import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Settings } from '#shared/schemas/settings'
import { createSettings } from '#main/services/settings'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const newFile = () => join(temporaryFolder(), 'settings.json')

function open(file: string) {
  const told: Settings[] = []
  const settings = createSettings({ file, emit: (_, payload) => told.push(payload as Settings) })
  return { settings, told }
}

describe('settings', () => {
  test('a first start has the defaults and writes nothing', () => {
    const file = newFile()
    expect(open(file).settings.get()).toEqual(Settings.parse({}))
    expect(existsSync(file)).toBe(false)
  })

  test('a change is in the file before it is told, and outlives the program', () => {
    const file = newFile()
    const seen: unknown[] = []
    const settings = createSettings({
      file,
      emit: () => seen.push((JSON.parse(readFileSync(file, 'utf8')) as Settings).theme),
    })
    settings.change({ theme: 'dark' })
    expect(seen).toEqual(['dark'])
    expect(open(file).settings.get().theme).toBe('dark')
  })

  test('a damaged field costs that field alone', () => {
    const file = newFile()
    writeFileSync(file, JSON.stringify({ theme: 'dark', dominanceThreshold: 'many', ofTheFuture: 1 }))
    expect(open(file).settings.get()).toEqual(Settings.parse({ theme: 'dark' }))
  })

  test('a damaged file is set aside, and the program starts with defaults', () => {
    const file = newFile()
    writeFileSync(file, '{"theme": "da')
    expect(open(file).settings.get()).toEqual(Settings.parse({}))
    expect(readFileSync(`${file}.damaged`, 'utf8')).toBe('{"theme": "da')
  })

  test('a value that cannot be is refused, and nothing changes', () => {
    const file = newFile()
    const { settings, told } = open(file)
    expect(() => settings.change({ dominanceThreshold: 0 })).toThrow()
    expect(settings.get().dominanceThreshold).toBe(10)
    expect(told).toEqual([])
  })
})
