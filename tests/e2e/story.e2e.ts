import { join } from 'node:path'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sampleFolder } from './sample-folder.ts'
import {
  cellsOf,
  dropOn,
  exporting,
  fillTinyRun,
  idInAddress,
  importSheet,
  liveRun,
  predicting,
  results,
  runForm,
  step,
} from './screens.ts'
import {
  command,
  launchBrowser,
  openTab,
  serve,
  temporaryDataFolder,
  visit,
  type ServedProgram,
  type Tab,
} from './served-page.ts'

/** From a folder of pictures to trained prompts that classify other pictures, by hand alone. */

const data = temporaryDataFolder()
const exported = temporaryDataFolder()
const pictures = sampleFolder()
let server: ServedProgram
let browser: Browser
let tab: Tab
let runId = ''

beforeAll(async () => {
  ;[server, browser] = await Promise.all([serve(data.path), launchBrowser()])
  tab = await openTab(browser, server.url)
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  for (const { remove } of [data, exported, pictures]) remove()
})

test('a folder dropped on the page becomes a project', async () => {
  const { page } = tab
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
  await dropOn(page, [pictures.path])
  const sheet = importSheet(page)
  await sheet.understood.waitFor()
  expect(await sheet.understood.innerText()).toContain(`${pictures.pictures.length} pictures in 4 classes`)
  expect(await sheet.name.inputValue()).toBe('my-pictures')
  await sheet.add.click()
  await page.getByRole('heading', { level: 1, name: 'my-pictures' }).waitFor()
})

test('zero-shot is measured without being asked for', async () => {
  const zeroShot = step(tab.page, 'zero-shot')
  await zeroShot.and(tab.page.locator('[data-state="done"]')).waitFor({ timeout: 60_000 })
  expect(await zeroShot.innerText()).toMatch(/\d+(\.\d+)?\s?% on \d+/)
})

test('a run is put together, started, and watched', async () => {
  const { page } = tab
  await step(page, 'train').getByRole('link', { name: 'New run' }).click()
  await fillTinyRun(page, { search: 3, train: 2 })
  await runForm(page).start.click()
  await page.waitForURL('**/runs/*')
  runId = idInAddress(page)

  const live = liveRun(page)
  // While it goes: both heatmaps, at the newest epoch.
  await live.heatmap('Text').waitFor({ timeout: 60_000 })
  await live.heatmap('Image').waitFor()
  await expect.poll(() => live.slider.getAttribute('max'), { timeout: 60_000 }).toBe('3')
  await live.chosen.waitFor({ timeout: 60_000 })
  await live.results.waitFor({ timeout: 90_000 })
})

test('past epochs are looked at without asking anybody', async () => {
  const { page, asked } = tab
  const live = liveRun(page)
  const cells = (branch: 'Text' | 'Image') => cellsOf(live.heatmap(branch))
  expect(await live.slider.inputValue()).toBe('3')
  const last = [await cells('Text'), await cells('Image')]
  await page.waitForLoadState('networkidle')
  const before = asked.length
  await live.slider.press('Home')
  expect(await live.slider.inputValue()).toBe('0')
  const first = [await cells('Text'), await cells('Image')]
  for (let epoch = 1; epoch <= 3; epoch++) {
    await live.slider.press('ArrowRight')
    expect(await live.slider.inputValue()).toBe(String(epoch))
  }
  expect([await cells('Text'), await cells('Image')]).toEqual(last)
  expect(first).not.toEqual(last)
  expect(asked.slice(before)).toEqual([])
})

test('the lengths shown are those that were chosen', async () => {
  const shown = await command(data.path, 'runs', 'show', runId)
  const { contextLengths } = (shown as { result: { contextLengths: Record<'text' | 'image', number[]> } })
    .result
  const text = await liveRun(tab.page).chosen.innerText()
  for (const lengths of [contextLengths.text, contextLengths.image])
    expect(text).toContain(lengths.join(' · '))
})

/** Path, true class and answer of each picture that a cell of the matrix shows. */
async function picturesOf(place: Locator): Promise<{ path: string; truth: string; answer: string }[]> {
  const titles = await place
    .locator('li > [title]')
    .evaluateAll((tiles) => tiles.map((tile) => tile.getAttribute('title') ?? ''))
  return titles.map((title) => {
    const [, truth, answer, path] = /^(.*), answered (.*), [^,]*\n(.*)$/s.exec(title) ?? []
    return { truth: truth ?? '', answer: answer ?? '', path: path ?? '' }
  })
}

test('a cell of the confusion matrix opens its pictures, exactly those', async () => {
  const { page } = tab
  await liveRun(page).results.click()
  const screen = results(page)
  await screen.headline.waitFor()
  await screen.tab('Confusion').click()
  await screen.cells.first().waitFor()
  const counts: number[] = []
  const seen: string[] = []
  for (const cell of await screen.cells.all()) {
    const count = Number((await cell.innerText()).trim() || '0')
    counts.push(count)
    if (count === 0) continue
    await cell.click()
    await expect.poll(async () => (await picturesOf(screen.cellPictures)).length).toBe(count)
    const heading = await screen.cellPictures.getByRole('heading').innerText()
    for (const { path, truth, answer } of await picturesOf(screen.cellPictures)) {
      seen.push(path)
      expect(path.split('/')[0]!.replaceAll('_', ' ')).toBe(truth)
      expect(heading).toContain(truth)
      expect(heading).toContain(answer)
    }
  }
  expect(counts).toHaveLength(16)
  // Every test picture is in one cell, and in one only.
  const images = (await screen.headline.innerText()).match(/on (\d+) test pictures/)?.[1]
  expect(seen).toHaveLength(Number(images))
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen.every((path) => pictures.pictures.includes(path))).toBe(true)
})

test('the export gives the same answers in a fresh process', async () => {
  const { page } = tab
  await page.getByRole('button', { name: 'Export…' }).click()
  const screen = exporting(page)
  await screen.into.fill(exported.path)
  await screen.start.click()
  await screen.check.waitFor({ timeout: 60_000 })
  expect(await screen.check.innerText()).toContain('Verified: same answers')
  expect(await screen.check.getAttribute('data-passed')).toBe('true')
})

test('pictures dropped on Predict are classified', async () => {
  const { page } = tab
  await visit(page, '/predict')
  const screen = predicting(page)
  await screen.target.waitFor()
  const two = pictures.pictures.slice(0, 2)
  await dropOn(
    page,
    two.map((picture) => join(pictures.path, picture)),
    screen.target,
  )
  await screen.summary.waitFor({ timeout: 60_000 })
  expect(await screen.summary.innerText()).toBe('2 pictures classified')
  const rows = await screen.list.getByRole('option').allInnerTexts()
  expect(rows).toHaveLength(2)
  for (const [at, row] of rows.entries()) {
    expect(row).toContain(two[at]!.split('/')[1])
    expect(row).toMatch(/mammal|road vehicle|fruit or vegetable|clothing/)
  }
})

test('nothing was complained about, and nobody else was asked', () => {
  expect(tab.complaints).toEqual([])
  expect(tab.foreign).toEqual([])
})
