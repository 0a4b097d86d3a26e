import { plural } from '../plural.ts'
import type { Help } from '../help.ts'

const pictures = (count: number) => plural(count, { one: '# picture', other: '# pictures' })

/** Texts of predict. */
export const predict = {
  title: 'Predict',
  description: 'Classify pictures with trained prompts.',
  with: 'Prompts of',
  choosePrompts: 'Choose a run or an export',
  runsGroup: 'Runs',
  exportsGroup: 'Exports',
  otherFolder: 'Another export folder…',
  exportFolder: 'Export folder',
  model: 'CLIP weights',
  ownModel: 'Those they were trained with',
  top: 'Classes per picture',
  threshold: 'Unsure below',
  thresholdHelp: 'Pictures whose best class is less probable are marked.',
  csv: 'CSV file that grows (optional)',
  csvHelp:
    'Written while it goes. With the same file again, what is in it already is not done a second time.',
  what: 'Pictures',
  path: 'Folder or picture',
  start: 'Classify',
  sendFiles: 'Send pictures from this computer…',
  dropHere: 'Drop pictures or a folder here, or paste a picture',
  dropTitle: 'Pictures to classify',
  uploading: 'Sending pictures',
  starting: 'Preparing',
  noPaste:
    'This window cannot take a picture from the clipboard without a file. Save it first, then drop the file.',
  results: 'Results',
  summary: (scored: number) => `${pictures(scored)} classified`,
  failed: (count: number) => plural(count, { one: '# unreadable', other: '# unreadable' }),
  skipped: (count: number) => `${pictures(count)} already in the CSV file, not repeated`,
  csvAt: 'CSV file',
  show: 'Show',
  shows: { all: 'All', unsure: 'Unsure', failed: 'Unreadable' },
  order: 'Order',
  orders: { listed: 'As found', unsure: 'Least sure first', sure: 'Surest first', class: 'By class' },
  saveCsv: 'Save what is shown as CSV',
  fileName: 'predictions.csv',
  list: 'Classified pictures',
  unsure: 'Unsure',
  unreadable: 'Unreadable',
  nothingShown: 'No picture is like that.',
  allSkipped: 'Everything was in the CSV file already.',
  details: 'The chosen picture',
  recent: 'Last used',
  continue: 'Continue',
  again: 'Use again',
  broken: (done: number, total: number | null) =>
    `Broken off: ${done.toLocaleString()}${total === null ? '' : ` of ${total.toLocaleString()}`} done. They are in the CSV file and are not repeated.`,
  doneOf: (done: number, total: number) => `${done.toLocaleString()} of ${total.toLocaleString()} done`,
  recentStates: {
    running: 'running',
    finished: 'finished',
    failed: 'failed',
    cancelled: 'cancelled',
    interrupted: 'interrupted',
  },
  noPrompts: 'No trained prompts yet',
  noPromptsText: 'Train a run first, or choose an export folder that was made elsewhere.',
  speed: (perSecond: string) => `${perSecond} pictures per second`,
  head: { path: 'path', error: 'error', name: 'class', probability: 'probability', margin: 'margin' },
  keys: 'Arrows move · F shows the unsure ones',
}

/** Help, by the name of the route. */
export const predictHelp: Readonly<Record<string, Help>> = {
  predict: {
    title: 'Predict',
    parts: [
      {
        heading: 'What this view is for',
        lines: [
          'Classifies pictures, or a whole folder of them, with the prompts of a run or an export. Your pictures are only read, never moved.',
        ],
      },
      {
        heading: 'Words',
        lines: [
          'Unsure: the probability of the best class lies below the threshold. Probabilities are the model’s own and not calibrated.',
          'Margin: the best class’s probability minus the second one’s.',
          'The CSV file grows while pictures are classified. After an interruption, start again with the same file: finished pictures are skipped.',
        ],
      },
      {
        heading: 'Keys',
        lines: [
          'Ctrl+V classifies a picture from the clipboard, F shows only the unsure ones, arrows go through the list.',
        ],
      },
    ],
  },
}
