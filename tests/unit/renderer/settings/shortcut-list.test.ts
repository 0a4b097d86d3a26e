import { describe, expect, it } from 'vitest'
import { commands } from '#shared/commands'
import {
  findCommands,
  keyConflicts,
  keysOfCommand,
  withKeys,
} from '../../../../src/renderer/src/components/settings/shortcut-list.ts'

const command = (id: string) => commands.find((each) => each.id === id)!

describe('keyboard shortcuts', () => {
  it('are without conflict as they come', () => {
    expect([...keyConflicts({})]).toEqual([])
  })

  it('name the other command with the same keys, on both sides', () => {
    const remapped = withKeys({}, command('go-home'), 'Mod+K')
    const conflicts = keyConflicts(remapped)
    expect(conflicts.get('go-home')).toEqual([command('command-palette').title])
    expect(conflicts.get('command-palette')).toEqual([command('go-home').title])
    expect(conflicts.size).toBe(2)
  })

  it('can be taken away and given back', () => {
    const without = withKeys({}, command('undo'), '')
    expect(keysOfCommand(command('undo'), without)).toBe('')
    expect(withKeys(without, command('undo'), null)).toEqual({})
    expect(withKeys(without, command('undo'), 'Mod+Z')).toEqual({})
    expect(withKeys({}, command('open-sample'), '')).toEqual({})
  })

  it('are found by title, group and keys', () => {
    expect(findCommands('undo', {}).map(({ id }) => id)).toContain('undo')
    expect(findCommands('mod+k', {}).map(({ id }) => id)).toEqual(['command-palette'])
    expect(findCommands('go to queue', {}).map(({ id }) => id)).toEqual(['go-queue'])
    expect(findCommands('nothing like that', {})).toEqual([])
  })
})
