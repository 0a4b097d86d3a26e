import type { Page } from 'playwright-core'
import { importSheet } from './screens.ts'
import { visit } from './served-page.ts'

/** What the views are looked at with: a project that has a run, and a folder of pictures to import. */
export interface Seen {
  readonly datasetId: string
  readonly runId: string
  readonly folder: string
}

/** Leads to a view; it is there, with what it is about, when the promise is kept. */
export type View = (page: Page, project: Seen) => Promise<void>

const at = ({ datasetId }: Seen, rest: string) => `/projects/${datasetId}${rest}`
const run = ({ runId }: Seen, rest: string) => `/runs/${runId}${rest}`

/** Every view, by name. */
export const views: Readonly<Record<string, View>> = {
  home: (page) => go(page, '/', () => page.getByRole('table').first()),
  'the overview of a project': (page, project) => go(page, at(project, '')),
  import: (page) => go(page, '/import'),
  'import with findings': async (page, project) => {
    await go(page, '/import')
    await importSheet(page).folder.fill(project.folder)
    await importSheet(page).look.click()
    await importSheet(page).understood.waitFor()
  },
  models: (page) => go(page, '/models', () => page.getByText('Starter CLIP').first()),
  'data: pictures': (page, project) => go(page, at(project, '/data'), () => page.getByRole('option').first()),
  'data: classes': (page, project) =>
    go(page, at(project, '/data?tab=classes'), () => page.getByRole('textbox').first()),
  'data: splits': (page, project) =>
    go(page, at(project, '/data?tab=splits'), () => page.getByRole('table').first()),
  'data: problems': (page, project) => go(page, at(project, '/data?tab=problems')),
  'new run': (page, project) =>
    go(page, at(project, '/new-run'), () => page.getByRole('complementary', { name: 'Summary' })),
  runs: (page, project) => go(page, at(project, '/runs'), () => page.locator('[data-run]').first()),
  'live run': (page, project) => go(page, run(project, ''), () => page.getByRole('grid').first()),
  'results: classes': (page, project) =>
    go(page, run(project, '/results'), () => page.getByRole('table').first()),
  'results: confusion': async (page, project) => {
    await go(page, run(project, '/results?tab=confusion'), () => page.getByRole('gridcell').first())
    await page.getByRole('gridcell').first().click()
  },
  'results: mistakes': (page, project) => go(page, run(project, '/results?tab=mistakes')),
  'results: prompts': (page, project) => go(page, run(project, '/results?tab=prompts')),
  'results: run card': (page, project) => go(page, run(project, '/results?tab=card')),
  export: (page, project) =>
    go(page, run(project, '/export'), () => page.getByRole('button', { name: 'Check again' }).first()),
  predict: (page) => go(page, '/predict', () => page.getByTestId('predict-drop')),
  queue: (page) => go(page, '/queue'),
  ...Object.fromEntries(
    ['compute', 'folders', 'network', 'appearance', 'charts', 'behaviour', 'shortcuts', 'about'].map(
      (section) => [`settings: ${section}`, (page: Page) => go(page, `/settings/${section}`)],
    ),
  ),
}

/** Goes to an address and waits for a sign that it shows what it is about. */
export async function go(page: Page, path: string, sign?: () => ReturnType<Page['locator']>): Promise<void> {
  await visit(page, path)
  await sign?.().waitFor()
  await page.evaluate(() => document.fonts.ready)
}
