// Chromium for the tests of the screens. Node built-ins only.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { onStderr, run } from './process.mjs'
import { fail, timed } from './setup.mjs'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
]

/** The browser that the tests drive: the one that DPLSTUDIO_CHROMIUM names, or the first that is installed. */
export function findBrowser() {
  const named = process.env.DPLSTUDIO_CHROMIUM
  if (named !== undefined) return existsSync(named) ? named : undefined
  const folders = (process.env.PATH ?? '').split(delimiter)
  const inPath = names.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [...inPath, ...elsewhere].find((path) => existsSync(path))
}

/** Makes sure that there is a browser. On Debian and its kin it is installed where we may: as root, in CI. */
export async function provideBrowser() {
  if (findBrowser() === undefined && mayInstall())
    await timed('installing Chromium (apt-get)', async () => {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
      const apt = (...args) => run('apt-get', args, { env, stdio: onStderr })
      await apt('update', '-qq')
      await apt('install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-liberation')
    })
  const browser = findBrowser()
  if (browser === undefined)
    fail(
      'the tests of the screens need Chromium or Chrome: install it (Debian: apt-get install chromium), or name one with DPLSTUDIO_CHROMIUM.',
    )
  process.env.DPLSTUDIO_CHROMIUM = browser
}

function mayInstall() {
  return process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
}
