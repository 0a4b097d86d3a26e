import { common } from './en/common.ts'
import { shell } from './en/shell.ts'
import { charts } from './en/charts.ts'
import { data, dataHelp } from './en/data.ts'
import { exports, exportsHelp } from './en/exports.ts'
import { home, homeHelp } from './en/home.ts'
import { liveRun, liveRunHelp } from './en/live-run.ts'
import { models, modelsHelp } from './en/models.ts'
import { newRun, newRunHelp } from './en/new-run.ts'
import { predict, predictHelp } from './en/predict.ts'
import { queue, queueHelp } from './en/queue.ts'
import { results, resultsHelp } from './en/results.ts'
import { runs, runsHelp } from './en/runs.ts'
import { settings, settingsHelp } from './en/settings.ts'
import type { Help } from './help.ts'

/** Every text on screen, by area. A language is one such object; a second one is chosen here. */
const english = {
  common,
  shell,
  home,
  data,
  models,
  newRun,
  liveRun,
  runs,
  results,
  exports,
  predict,
  queue,
  settings,
  charts,
}

const englishHelp: Readonly<Record<string, Help>> = {
  ...homeHelp,
  ...dataHelp,
  ...modelsHelp,
  ...newRunHelp,
  ...liveRunHelp,
  ...runsHelp,
  ...resultsHelp,
  ...exportsHelp,
  ...predictHelp,
  ...queueHelp,
  ...settingsHelp,
}

export type Messages = typeof english

/** The texts of the language in use. */
export const messages: Messages = english

/** The help of a view, if there is any. */
export function helpOf(route: string): Help | undefined {
  return englishHelp[route]
}
