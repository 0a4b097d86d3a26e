import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { _electron, type ElectronApplication } from 'playwright-core'
import { afterEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = join(import.meta.dirname, '..', '..')
const electron = join(root, 'node_modules', 'electron')
const reason = whyNot()
if (reason !== null)
  process.stderr.write(`tests/electron: not run with a real Electron, because ${reason}.\n`)

/** Why there cannot be a real window here; null when there can. The stand-in's tests run everywhere. */
function whyNot(): string | null {
  if (!existsSync(join(electron, 'path.txt')))
    return 'its binary has not been downloaded (npx install-electron)'
  const needsDisplay = process.platform === 'linux'
  const { DISPLAY, WAYLAND_DISPLAY } = process.env
  if (needsDisplay && DISPLAY === undefined && WAYLAND_DISPLAY === undefined)
    return 'there is no display (xvfb-run gives one)'
  return null
}

describe.skipIf(reason !== null)(`a real window (${reason ?? 'here'})`, () => {
  let app: ElectronApplication | null = null
  afterEach(() => app?.close())

  async function launch() {
    app = await _electron.launch({
      executablePath: join(electron, 'dist', readFileSync(join(electron, 'path.txt'), 'utf8').trim()),
      // Chromium refuses its own sandbox to root.
      args: [root, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
      env: { ...process.env, DPLSTUDIO_DATA: temporaryFolder() },
    })
    const page = await app.firstWindow()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.getByRole('navigation', { name: 'Sections' }).waitFor()
    return { app, page, complaints }
  }

  test('shows our page by our own protocol, without Node in it and without complaints', async () => {
    const { page, complaints } = await launch()
    expect(page.url()).toMatch(/^dpl:\/\/app\//)
    expect(await page.evaluate(`['require', 'process', 'module'].filter((name) => name in window)`)).toEqual(
      [],
    )
    await page.reload()
    await page.getByRole('navigation', { name: 'Sections' }).waitFor()
    await page.getByText('Engine off').waitFor()
    expect(complaints).toEqual([])
  })

  test('starts the engine as a utility process', async () => {
    const { app: running, page } = await launch()
    await page.evaluate(`dplstudio.post({ type: 'request', id: 1e6, name: 'engine/describe', input: {} })`)
    await expect
      .poll(() => running.evaluate(({ app: inside }) => inside.getAppMetrics().map(({ name }) => name)))
      .toContain('DPL Studio engine')
  })

  test('stays where it is', async () => {
    const { app: running, page } = await launch()
    await page.evaluate(`location.href = 'https://example.org/'; window.open('file:///etc/passwd')`)
    expect(page.url()).toMatch(/^dpl:\/\/app\//)
    expect(running.windows()).toHaveLength(1)
  })
})
