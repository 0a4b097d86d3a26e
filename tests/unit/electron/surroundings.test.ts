import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isForwardedDisplay, openedPath, startArguments } from '#main/electron/surroundings'
import { temporaryFolder } from '../../support/temporary-folder.ts'

test.each([
  [[], { dataDir: undefined, path: undefined }],
  [['pictures'], { dataDir: undefined, path: join('/home', 'pictures') }],
  [['--data-dir', '/data', '/pictures'], { dataDir: '/data', path: '/pictures' }],
  [['--data-dir=/data', '--no-sandbox', '--enable-features=X'], { dataDir: '/data', path: undefined }],
])('the command line %j', (args, expected) => {
  expect(startArguments(args, '/home', true)).toEqual(expected)
  // Unpackaged, our own folder comes first, behind Chromium's switches.
  expect(startArguments(['--no-sandbox', '/program', ...args], '/home', false)).toEqual(expected)
})

test('a project file names a folder from where it lies', () => {
  const folder = temporaryFolder()
  const file = join(folder, 'flowers.DPLPROJ')
  writeFileSync(file, JSON.stringify({ format: 1, pictures: '../flowers' }))
  expect(openedPath(file)).toBe(join(folder, '..', 'flowers'))
  expect(openedPath(folder)).toBe(folder)
  writeFileSync(file, 'nonsense')
  expect(openedPath(file)).toBe(file)
})

test.each([
  ['localhost:10.0', true],
  ['10.1.2.3:0', true],
  ['workstation.example.org:11', true],
  [':0', false],
  ['unix:0', false],
  ['/private/tmp/com.apple.launchd/org.xquartz:0', false],
  [undefined, false],
])('the display %s is on another machine: %s', (DISPLAY, expected) => {
  expect(isForwardedDisplay({ DISPLAY })).toBe(expected)
})
