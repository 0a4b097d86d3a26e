import type { MenuItemConstructorOptions } from 'electron'
import { expect, test } from 'vitest'
import { commands } from '#shared/commands'
import { menuTemplate } from '#main/electron/menu'

function items(parts: Partial<Parameters<typeof menuTemplate>[0]> = {}): MenuItemConstructorOptions[] {
  const template = menuTemplate({
    platform: 'linux',
    unpackaged: false,
    shortcuts: {},
    send: () => undefined,
    ...parts,
  })
  return template.flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu : []))
}

test.each(['linux', 'win32', 'darwin'])('every command has one place in the menu of %s', (platform) => {
  const ids = items({ platform }).flatMap(({ id }) => id ?? [])
  expect([...ids].sort()).toEqual(commands.map(({ id }) => id).sort())
})

test('keys are shown as the user has set them, and left to the page', () => {
  const [item] = items({ shortcuts: { 'go-queue': 'Mod+Shift+Q' } }).filter(({ id }) => id === 'go-queue')
  expect(item).toMatchObject({ accelerator: 'CommandOrControl+Shift+Q', registerAccelerator: false })
  for (const { id, registerAccelerator } of items())
    if (id !== undefined) expect(registerAccelerator).toBe(false)
})

test.each([
  ['Mod+ArrowUp', 'CommandOrControl+Up'],
  ['Mod++', 'CommandOrControl+Plus'],
  ['F12', 'F12'],
  ['Mod+/', 'CommandOrControl+/'],
  ['Mod+ö', undefined],
  ['', undefined],
])('the keys %s are shown as %s', (keys, accelerator) => {
  const [item] = items({ shortcuts: { 'go-home': keys } }).filter(({ id }) => id === 'go-home')
  expect(item!.accelerator).toBe(accelerator)
})

test('a click sends the command', () => {
  const sent: string[] = []
  const [item] = items({ send: (command) => sent.push(command) }).filter(({ id }) => id === 'new-run')
  item!.click!(undefined as never, undefined, undefined as never)
  expect(sent).toEqual(['new-run'])
})

test('tools for developers are not packaged', () => {
  const roles = (unpackaged: boolean) => items({ unpackaged }).map(({ role }) => role)
  expect(roles(false)).not.toContain('toggleDevTools')
  expect(roles(true)).toContain('toggleDevTools')
})
