import { renameSync, rmSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { prepareProject, type PreparedProject } from './prepared-project.ts'
import { sampleFolder } from './sample-folder.ts'
import { results, runForm } from './screens.ts'
import { command, launchBrowser, openTab, serve, visit, type ServedProgram, type Tab } from './served-page.ts'

/** Edits that can be taken back, pictures drawn and pictures moved away, and a queue in which one run fails. */

let project: PreparedProject
let otherId = ''
const other = sampleFolder({ classes: ['clothing', 'mammal'], perClass: 8 })
let server: ServedProgram
let browser: Browser
const tabs: Tab[] = []

beforeAll(async () => {
  project = await prepareProject()
  const imported = await command(project.dataFolder, 'dataset', 'import', other.path, '--name', 'lasting')
  otherId = (imported as { dataset: { id: string } }).dataset.id
  ;[server, browser] = await Promise.all([serve(project.dataFolder), launchBrowser()])
})
afterEach(async () => {
  for (const tab of tabs.splice(0)) await tab.close()
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  project.remove()
  other.remove()
})

async function open(path: string): Promise<Page> {
  const tab = await openTab(browser, server.url)
  tabs.push(tab)
  await visit(tab.page, path)
  return tab.page
}

/** What a project is, as another program reads it. */
async function stored(): Promise<unknown> {
  const shown = await command(project.dataFolder, 'dataset', 'show', project.datasetId)
  const { classes, counts, fingerprint, template } = (shown as { dataset: Record<string, unknown> }).dataset
  return { classes, counts, fingerprint, template }
}

test('every edit of the data can be taken back, and made again', async () => {
  const before = await stored()
  const page = await open(`/projects/${project.datasetId}/data?tab=classes`)

  await page.getByRole('button', { name: 'What to do with mammal' }).click()
  await page.getByRole('menuitem', { name: 'Rename…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Rename the class' })
  await dialog.getByRole('textbox').fill('animal')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await page.getByRole('textbox', { name: 'Words for the class: clothing' }).fill('piece of clothing')
  await page.getByRole('button', { name: 'Save wording' }).click()
  await page.getByText('The wording was saved.').first().waitFor()

  await page.getByRole('tab', { name: 'Pictures' }).click()
  const pictures = page.getByTestId('picture-grid').getByRole('option')
  await pictures.first().click()
  await pictures.nth(1).click({ modifiers: ['Shift'] })
  await page.keyboard.press('e')
  await page.getByText('2 pictures excluded').first().waitFor()
  await pictures.first().click()
  await page.locator('#move-to-class').click()
  await page.getByRole('option', { name: 'road_vehicle', exact: true }).click()
  await page
    .getByText(/1 picture moved to/)
    .first()
    .waitFor()

  const after = await stored()
  expect(after).not.toEqual(before)
  const back = page.getByRole('button', { name: /^Undo: / })
  for (let edit = 0; edit < 4; edit++) {
    const name = await back.getAttribute('aria-label')
    await back.click()
    await expect.poll(() => page.getByRole('button', { name: name!, exact: true }).count()).toBe(0)
  }
  await page.getByRole('button', { name: 'Nothing to undo' }).waitFor()
  expect(await stored()).toEqual(before)

  await page.locator('main').press('Control+Shift+z')
  const again = page.getByRole('button', { name: /^Redo: / })
  for (let edit = 1; edit < 4; edit++) {
    const name = await again.getAttribute('aria-label')
    await again.click()
    await expect.poll(() => page.getByRole('button', { name: name!, exact: true }).count()).toBe(0)
  }
  await page.getByRole('button', { name: 'Nothing to redo' }).waitFor()
  expect(await stored()).toEqual(after)
})

test('the few-shot preview shows the very pictures that the command line lists', async () => {
  const page = await open(`/projects/${project.datasetId}/data?tab=splits`)
  const preview = page.getByRole('region', { name: 'Few-shot preview' })
  await preview
    .getByRole('radiogroup', { name: 'Shots per class' })
    .getByRole('radio', { name: '2' })
    .check({ force: true })
  await preview
    .getByRole('radiogroup', { name: 'Seed' })
    .getByRole('radio', { name: '3' })
    .check({ force: true })
  const listed = (await command(
    project.dataFolder,
    ...['dataset', 'few-shot', project.datasetId, '--shots', '2', '--seed', '3', '--validation-shots', '2'],
  )) as Record<'train' | 'validation', { path: string }[]>
  const paths = [...listed.train, ...listed.validation].map(({ path }) => path).sort()
  const shown = () =>
    preview
      .getByTestId('few-shot-class')
      .locator('li[title]')
      .evaluateAll((tiles) => tiles.map((tile) => tile.getAttribute('title') ?? ''))
  await expect.poll(async () => (await shown()).sort()).toEqual(paths)
})

test('pictures that were moved away are asked for and found, and old results stay readable', async () => {
  const away = `${project.pictures.path}-moved`
  renameSync(project.pictures.path, away)
  const page = await open(`/projects/${project.datasetId}/data`)
  const banner = page.getByTestId('missing-pictures')
  await banner.waitFor()

  await visit(page, `/runs/${project.runId}/results?tab=confusion`)
  await results(page).cells.first().waitFor()
  expect(await results(page).headline.innerText()).toMatch(/on 16 test pictures/)

  await visit(page, `/projects/${project.datasetId}/data`)
  await banner.getByRole('button', { name: 'Locate the folder…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Folder with the pictures' }).fill(away)
  await dialog.getByRole('button', { name: 'Look there' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await banner.waitFor({ state: 'hidden' })
  renameSync(away, project.pictures.path)
})

test('a queue is put in order by keyboard, and one failure does not stop the rest', async () => {
  const page = await open('/queue')
  await page.getByRole('button', { name: 'Hold the queue' }).click()
  await page.getByRole('button', { name: 'Release the queue' }).waitFor()
  for (const dataset of [otherId, otherId, project.datasetId]) {
    await visit(page, `/projects/${dataset}/new-run`)
    await runForm(page).goal('Zero-shot only').check({ force: true })
    await runForm(page).start.click()
    await page.waitForURL('**/runs/*')
  }
  await visit(page, '/queue')
  const waiting = page.getByTestId('queue-waiting').getByRole('listitem')
  const order = () => waiting.evaluateAll((items) => items.map((item) => item.dataset['run'] ?? ''))
  await expect.poll(async () => (await order()).length).toBe(3)
  const [first, second, third] = await order()
  await waiting.nth(2).focus()
  await page.keyboard.press('Alt+ArrowUp')
  await expect.poll(order).toEqual([first, third, second])
  // The run keeps the focus, so that the next press moves it on.
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-run'))).toBe(third)

  rmSync(project.pictures.path, { recursive: true })
  await page.getByRole('button', { name: 'Release the queue' }).click()
  const states = async () => {
    const runs = (await command(project.dataFolder, 'runs')) as { id: string; status: string }[]
    return [first, third, second].map((id) => runs.find((run) => run.id === id)?.status)
  }
  await expect.poll(states, { timeout: 60_000, interval: 1_000 }).toEqual(['finished', 'failed', 'finished'])
})
