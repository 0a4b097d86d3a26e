import { plural } from '../plural.ts'
import type { Help } from '../help.ts'

/** Texts of runs. */
export const runs = {
  title: 'Runs',
  allTitle: 'All runs',
  search: 'Search names, data, notes',
  anyState: 'Any state',
  state: 'State',
  columnChoice: 'Columns',
  columns: {
    name: 'Name',
    status: 'State',
    dataset: 'Dataset',
    shots: 'Shots',
    kind: 'Kind',
    accuracy: 'Accuracy',
    change: 'vs zero-shot',
    macroF1: 'Macro-F1',
    vectors: 'Vectors',
    seconds: 'Duration',
    created: 'Date',
    notes: 'Notes',
    seed: 'Seed',
    zeroShot: 'Zero-shot accuracy',
  },
  columnHelp: {
    name: '',
    status: '',
    dataset: '',
    shots: 'Training pictures per class',
    kind: '',
    accuracy: 'On the test pictures; of several seeds the mean ± standard deviation',
    change: 'Points above or below plain CLIP on the same pictures',
    macroF1: 'Mean F1 of the classes',
    vectors: 'Prompt vectors of both branches',
    seconds: 'Search and training',
    created: '',
    notes: '',
  },
  kinds: {
    'zero-shot': 'Zero-shot',
    search: 'Search only',
    train: 'Train only',
    'search-and-train': 'Search and train',
  },
  table: 'Runs',
  selectAll: 'Select all runs',
  select: (name: string) => `Select ${name}`,
  sortBy: (title: string) => `Sort by ${title}`,
  openGroup: (name: string) => `Show the seeds of ${name}`,
  closeGroup: (name: string) => `Hide the seeds of ${name}`,
  groupName: (kind: string, shots: number) =>
    `${kind}, ${plural(shots, { one: '# shot', other: '# shots' })}`,
  members: (runs: number, seeds: number) => {
    const counted = plural(seeds, { one: '# seed', other: '# seeds' })
    return runs === seeds ? counted : `${counted}, ${plural(runs, { one: '# run', other: '# runs' })}`
  },
  seed: (seed: number) => `seed ${seed}`,
  selected: (count: number) => plural(count, { one: '# run selected', other: '# runs selected' }),
  shown: (count: number) => plural(count, { one: '# run', other: '# runs' }),
  newRun: 'New run…',
  open: 'Open',
  results: 'Results',
  resume: 'Resume',
  duplicate: 'Duplicate settings',
  edit: 'Rename and notes…',
  copy: 'Copy as table',
  delete: 'Delete…',
  clearSelection: 'Clear the selection',
  deleteOne: (name: string) => `Delete the run “${name}”?`,
  deleteMany: (count: number, names: string) =>
    `Delete ${plural(count, { one: '# run', other: '# runs' })}: ${names}?`,
  andMore: (count: number) => `and ${plural(count, { one: '# more', other: '# more' })}`,
  deleteConsequence: 'Prompts, results and checkpoints are deleted from the disk. Exports stay.',
  deleteAction: 'Delete',
  editTitle: 'Name and notes',
  name: 'Name',
  notes: 'Notes',
  empty: 'No runs yet',
  emptyText:
    'A run searches the prompt lengths for your classes and trains prompts of these lengths. Zero-shot accuracy comes first in every one of them.',
  nothingFound: 'No run matches',
  nothingFoundText: 'Nothing here has these words or this state.',
  clearFilter: 'Show all',
  keys: 'J/K or arrows move · X selects · Enter opens · R renames · → opens a group',
}

/** Help, by the name of the route. */
const help: Help = {
  title: 'Runs',
  parts: [
    {
      heading: 'What this view is for',
      lines: [
        'Every run with its state and what it came to. Runs that differ only in the seed are one line; its accuracy is the mean ± standard deviation over all its seeds, whatever is filtered.',
      ],
    },
    {
      heading: 'Words',
      lines: [
        'Shots: training pictures per class. Seed: the number that decides which pictures are drawn and how prompts begin.',
        'vs zero-shot: points above or below plain CLIP with the text template, on the same test pictures.',
        'Vectors: prompt vectors that the run learned, of the text branch and the image branch together.',
      ],
    },
    {
      heading: 'Keys',
      lines: [
        'J and K or the arrows move, X selects, Enter opens, R renames, → and ← open and close a group.',
      ],
    },
  ],
}
export const runsHelp: Readonly<Record<string, Help>> = { runs: help, 'all-runs': help }
