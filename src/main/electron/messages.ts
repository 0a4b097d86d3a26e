import type { Run } from '#shared/schemas/run-record'

/** What dialogs, menus and notifications of the desktop say. */
export const messages = {
  name: 'DPL Studio',

  closing: {
    question: (runs: number) => (runs > 1 ? `${runs} runs are not finished.` : 'A run is not finished.'),
    detail:
      'In the background it goes on without a window, and the program ends when the work is done. If it stops, finished epochs are kept, and Resume goes on from there.',
    background: 'Keep running in the background',
    stop: 'Stop at the next safe point and quit',
    stay: 'Stay',
    remember: 'Do this every time (Settings changes it)',
  },

  start: {
    locked: 'Another DPL Studio is at work in this data folder.',
    lockedDetail: (reason: string) =>
      `${reason}\n\nOpened to read, runs and results can be looked at, but nothing can be started or changed.`,
    read: 'Open to read',
    damaged: 'The list of projects and runs is damaged.',
    damagedDetail: (reason: string) =>
      `${reason}\n\nEverything in it is in the files of the data folder too, and can be listed anew.`,
    rebuild: 'Make the list anew',
    failed: 'DPL Studio cannot start.',
    quit: 'Quit',
    readOnlyTitle: 'opened to read',
  },

  crashed: {
    title: 'The window has ended unexpectedly.',
    detail: 'Runs are not affected. The window can be opened again.',
    reopen: 'Open again',
  },

  link: {
    question: 'Open this page in your browser?',
    open: 'Open',
    cancel: 'Cancel',
  },

  tray: {
    show: 'Show DPL Studio',
    stop: 'Stop at the next safe point and quit',
    working: (runs: readonly Run[]) =>
      runs.length === 1 ? `${runs[0]!.name} is running` : `${runs.length} runs are not finished`,
  },

  menu: {
    file: '&File',
    edit: '&Edit',
    view: '&View',
    go: '&Go',
    run: '&Run',
    help: '&Help',
  },

  notice: {
    finished: (run: Run) => ({
      title: `${run.name} is finished`,
      body: accuracyLine(run),
    }),
    failed: (run: Run) => ({
      title: `${run.name} has failed`,
      body: [run.error?.message, run.error?.hint].filter(Boolean).join(' '),
    }),
    waiting: (run: Run) => ({
      title: `${run.name} waits for you`,
      body: [run.error?.message, run.error?.hint].filter(Boolean).join(' '),
    }),
  },
}

function accuracyLine({ accuracy, zeroShotAccuracy, datasetName }: Run): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  if (accuracy !== null && zeroShotAccuracy !== null)
    return `${datasetName}: ${percent(accuracy)}, zero-shot ${percent(zeroShotAccuracy)}`
  if (zeroShotAccuracy !== null) return `${datasetName}: zero-shot ${percent(zeroShotAccuracy)}`
  return datasetName
}
