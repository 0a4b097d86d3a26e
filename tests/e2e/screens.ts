import type { Locator, Page } from 'playwright-core'

/** Where things are on the screens, by role and name. What a test does with them is the test's. */

/** Drops files or folders of this machine on the page, as a file manager would. */
export async function dropOn(page: Page, paths: readonly string[], target?: Locator): Promise<void> {
  const box = await target?.boundingBox()
  const at = box ? { x: box.x + box.width / 2, y: box.y + 24 } : { x: 640, y: 400 }
  const session = await page.context().newCDPSession(page)
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', {
      type,
      ...at,
      data: { items: [], files: [...paths], dragOperationsMask: 1 },
    })
  await session.detach()
}

/** The id that ends an address such as /runs/<id>. */
export const idInAddress = (page: Page): string => new URL(page.url()).pathname.split('/')[2] ?? ''

/** The sheet that shows what an import would make of pictures. */
export const importSheet = (page: Page) => ({
  folder: page.getByRole('textbox', { name: 'Folder with one sub-folder per class' }),
  look: page.getByRole('button', { name: 'Look at it' }),
  understood: page.getByTestId('understood'),
  name: page.getByRole('textbox', { name: 'Name of the project' }),
  add: page.getByRole('button', { name: 'Add project' }),
})

/** One of the four steps on the overview of a project. */
export const step = (page: Page, id: 'data' | 'zero-shot' | 'train' | 'use') =>
  page.locator(`[data-step="${id}"]`)

/** The form of a new run. */
export const runForm = (page: Page) => ({
  goal: (name: string) => page.getByRole('radio', { name, exact: true }),
  group: (name: string) => page.getByRole('button', { name, exact: true }),
  field: (path: string) => page.locator(`[id="field-${path}"]`),
  start: page
    .getByRole('complementary', { name: 'Summary' })
    .getByRole('button', { name: /^(Start|Add to the queue)$/ }),
})

/** Fills in the smallest run that has every stage: some seconds of work. */
export async function fillTinyRun(page: Page, epochs: { search: number; train: number }): Promise<void> {
  const form = runForm(page)
  await form.goal('Quick look').check({ force: true })
  await form.field('shots').fill('2')
  await form.field('validationShots').fill('2')
  await form.field('search.epochs').fill(String(epochs.search))
  await form.field('train.epochs').fill(String(epochs.train))
  await form.group('Choice of lengths (α)').click()
  await form.field('search.alphaFrozenEpochs').fill('0')
}

/** The live view of a run. */
export const liveRun = (page: Page) => ({
  stage: (name: string) => page.getByRole('list', { name: 'Stages of the run' }).getByText(name),
  heatmap: (branch: 'Text' | 'Image') =>
    page.getByRole('grid', { name: new RegExp(`^${branch} branch, Epoch`) }),
  slider: page.getByRole('slider', { name: 'Epoch of the heatmaps' }),
  scrubber: page.getByTestId('scrubber'),
  chosen: page.getByTestId('chosen'),
  failure: page.getByRole('alert', { name: 'The run has stopped' }),
  chart: (title: string) => page.getByRole('region', { name: title, exact: true }),
  curves: page.getByRole('combobox', { name: 'Stage of the curves' }),
  inspector: page.getByTestId('layer-inspector'),
  results: page.getByRole('link', { name: 'Open the results' }),
  resume: page.getByRole('button', { name: /^Resume/ }),
})

/** What each cell of a heatmap says: layer, length, value, whether it is the choice. */
export const cellsOf = (heatmap: Locator): Promise<(string | null)[]> =>
  heatmap.getByRole('gridcell').evaluateAll((cells) => cells.map((cell) => cell.ariaLabel))

/** The rows of a chart shown as a table: the first cell of each is the epoch. */
export async function tableOf(chart: Locator): Promise<string[][]> {
  const toggle = chart.getByRole('button', { name: /^Show as (table|chart)$/ })
  if ((await toggle.getAttribute('aria-pressed')) === 'false') await toggle.press('Enter')
  await chart.getByRole('table').waitFor()
  return chart
    .getByRole('row')
    .evaluateAll((rows) =>
      rows.slice(1).map((row) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent.trim())),
    )
}

/** The results of a run. */
export const results = (page: Page) => ({
  headline: page.getByTestId('headline'),
  tab: (name: string) => page.getByRole('tab', { name, exact: true }),
  cells: page.getByTestId('confusion-matrix').getByRole('gridcell'),
  cellPictures: page.getByTestId('cell-pictures'),
})

/** Export and its check. */
export const exporting = (page: Page) => ({
  into: page.getByRole('textbox', { name: 'Make the folder in' }),
  start: page.getByRole('button', { name: 'Export', exact: true }),
  check: page.getByTestId('export-check'),
})

/** Classifying pictures. */
export const predicting = (page: Page) => ({
  target: page.getByTestId('predict-drop'),
  path: page.getByRole('textbox', { name: 'Folder or picture' }),
  start: page.getByRole('button', { name: 'Classify' }),
  summary: page.getByTestId('prediction-summary'),
  list: page.getByRole('listbox', { name: 'Classified pictures' }),
})
