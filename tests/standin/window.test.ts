import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Capabilities } from '#shared/schemas/app'
import { launchChromium, startDesktop, temporaryData, until, type DesktopOptions } from './desktop.ts'

let browser: Browser
const data = temporaryData()
const running: { stop: () => Promise<void> }[] = []
beforeAll(async () => {
  browser = await launchChromium()
})
afterEach(async () => {
  for (const desktop of running.splice(0)) await desktop.stop()
})
afterAll(async () => {
  await browser.close()
  data.remove()
})

async function start(options: Partial<DesktopOptions> = {}) {
  const desktop = await startDesktop(browser, { dataFolder: data.path, ...options })
  running.push(desktop)
  return desktop
}

test('the window opens on our page, which talks to the program and complains about nothing', async () => {
  const desktop = await start()
  const page = await desktop.page()
  const { visible, options } = await desktop.window()
  expect(visible).toBe(true)
  expect(options.backgroundColor).toBe('#ffffff')
  await page.getByText('Engine off').waitFor()
  const info = await (await desktop.api()).request('app/info', {})
  expect(info.dataFolder).toBe(data.path)
  expect(info.capabilities).toEqual({ chooser: 'native', reveal: true, upload: false } satisfies Capabilities)
  expect(desktop.complaints).toEqual([])
})
