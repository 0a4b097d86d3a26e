import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { dataFolder } from '#main/data-folder'

const home = '/home/user'
const place = (env: NodeJS.ProcessEnv, platform = 'linux', dataDir?: string) =>
  dataFolder(dataDir, { env, platform, home })

test('follows the command line, then DPLSTUDIO_DATA, then the platform', () => {
  const env = { DPLSTUDIO_DATA: '/from/env', XDG_DATA_HOME: '/xdg' }
  expect(place(env, 'linux', '/from/option')).toBe('/from/option')
  expect(place(env)).toBe('/from/env')
  expect(place({ ...env, DPLSTUDIO_DATA: '' })).toBe('/xdg/dpl-studio')
  expect(place({})).toBe('/home/user/.local/share/dpl-studio')
  expect(place({ XDG_DATA_HOME: 'relative' })).toBe('/home/user/.local/share/dpl-studio')
  expect(place({}, 'darwin')).toBe('/home/user/Library/Application Support/dpl-studio')
})

test('knows the place on Windows', () => {
  expect(place({ LOCALAPPDATA: '/local' }, 'win32')).toBe('/local/dpl-studio')
  expect(place({}, 'win32')).toBe('/home/user/AppData/Local/dpl-studio')
})

test('gives absolute paths', () => {
  expect(place({}, 'linux', 'here')).toBe(resolve('here'))
})
