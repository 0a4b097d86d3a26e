// `npm start`: the window where this machine can show one, the page for a browser where it cannot.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run, say } from './process.mjs'
import { cli, readStamp, root, toolEnvironment, toolNode } from './setup.mjs'

/** Shows the application. Fetches nothing: which way it goes depends on what is there. @param {string[]} args */
export async function start(args) {
  const rest = args.filter((arg) => arg !== '--serve')
  const env = toolEnvironment()
  const electron = electronBinary()
  const obstacle = rest.length < args.length ? '' : whyNoWindow(electron)
  if (obstacle === undefined) return await run(electron, [...sandboxing(), root, ...rest], { env })
  if (obstacle !== '') say(`${obstacle} Serving the page for a browser instead.`)
  return await run(toolNode(), [cli, 'serve', ...rest], { env })
}

/** Electron's package comes from the registry, its binary from elsewhere, if at all. */
function electronBinary() {
  const folder = join(root, 'node_modules', 'electron')
  const name = readStamp(join(folder, 'path.txt'))
  if (name === undefined) return undefined
  const path = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), name)
  return existsSync(path) ? path : undefined
}

/** One sentence with what to do about it; undefined when there can be a window. */
function whyNoWindow(electron) {
  if (electron === undefined)
    return 'For the window the Electron binary is missing: run "npx install-electron" where there is internet.'
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
    return 'There is no display for a window: over SSH, "ssh -X" brings one.'
  return undefined
}

/** Chromium refuses to sandbox what root runs. */
function sandboxing() {
  return process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : []
}
