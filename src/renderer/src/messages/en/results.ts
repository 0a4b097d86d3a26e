import { plural } from '../plural.ts'
import type { Help } from '../help.ts'

const pictures = (count: number, what: string) =>
  plural(count, { one: `# ${what} picture`, other: `# ${what} pictures` })

/** Texts of results. */
export const results = {
  title: (name: string) => `Results of ${name}`,
  export: 'Export…',
  live: 'Search and training',
  evaluate: 'Evaluate on…',
  evaluating: 'Scoring pictures',
  onSplit: { train: 'Training pictures', validation: 'Validation pictures', test: 'Test pictures' },
  splitWord: { train: 'training', validation: 'validation', test: 'test' },
  method: 'Answers of',
  methods: { dpl: 'the trained prompts', supprompt: 'all options mixed', 'zero-shot': 'plain CLIP' },
  onOther: (split: string) => `on ${split} pictures`,
  backToTest: 'Back to the test pictures',
  headline: {
    accuracy: (accuracy: string, images: number, split: string) =>
      `${accuracy} on ${pictures(images, split)}`,
    zeroShot: (accuracy: string) => `zero-shot ${accuracy}`,
    interval: (low: string, high: string) => `95% interval ${low} to ${high}`,
    better: (points: string) => `${points} points better than zero-shot.`,
    worse: (points: string) => `Worse than zero-shot by ${points} points on these pictures.`,
    same: 'As good as zero-shot.',
  },
  tabs: {
    classes: 'Classes',
    confusion: 'Confusion',
    mistakes: 'Mistakes',
    prompts: 'Prompts',
    card: 'Run card',
  },
  tabList: 'Parts of the results',
  noResult: 'No results yet',
  noResultText: (status: string) =>
    `This run is: ${status.toLowerCase()}. Results come with the stages that end.`,
  toRun: 'Open the run',
  classes: {
    name: 'Class',
    recall: 'Accuracy',
    recallHelp: 'Share of the pictures of the class that were answered rightly; also called recall',
    precision: 'Precision',
    precisionHelp: 'Share of the answers with this class that were right',
    f1: 'F1',
    support: 'Pictures',
    supportHelp: 'Test pictures of the class (support)',
    zeroShot: 'Zero-shot',
    zeroShotHelp: 'Accuracy of plain CLIP on the same pictures',
    change: 'Change',
    changeHelp: 'Points above or below zero-shot',
    worse: (count: number) => `Worse than zero-shot (${count})`,
    worseHelp: 'Show only the classes that became worse than zero-shot',
    noneWorse: 'No class became worse than zero-shot.',
    macro: 'Mean of the classes',
    copy: 'Copy as table',
    caption: 'Accuracy by class',
    search: 'Find a class',
    sortBy: (title: string) => `Sort by ${title}`,
  },
  confusion: {
    label: 'Confusion matrix: rows are the true classes, columns the answers',
    counts: 'Counts',
    shares: 'Share of the class',
    show: 'Show',
    order: 'Order',
    orders: { class: 'By class', confusion: 'By confusion' },
    truth: 'True class',
    answer: 'Answer',
    cell: (truth: string, answer: string, count: number, share: string) =>
      `${truth} answered as ${answer}: ${plural(count, { one: '# picture', other: '# pictures' })}, ${share} of the class`,
    pictures: 'Pictures of the cell',
    choose: 'Choose a cell to see its pictures. Arrow keys move, Enter shows.',
    none: 'No pictures in this cell.',
    pairs: 'Most confused pairs',
    pair: (truth: string, answer: string) => `${truth} → ${answer}`,
    noPairs: 'No picture was taken for another class.',
    matrix: 'Matrix',
    notTest: 'Pictures can be shown for the test split only.',
  },
  pictures: {
    none: 'No pictures here.',
    more: 'Show more',
    shown: (shown: number, total: number) =>
      `${shown.toLocaleString()} of ${plural(total, { one: '# picture', other: '# pictures' })}`,
    right: 'right',
    wrong: 'wrong',
    answered: (truth: string, answer: string, probability: string) =>
      `${truth}, answered ${answer}, ${probability}`,
    oldRun: 'This run was made by a version that did not keep the answers',
    oldRunText:
      'The accuracies and the matrix are still here; which picture was answered how is not. A new evaluation of the trained prompts scores the test pictures again and keeps the answers.',
    oldRunOnlyNew:
      'The accuracies and the matrix are still here; which picture was answered how is not. A new run with the same settings keeps the answers.',
    leftOut: 'left out',
    evaluateAgain: 'Evaluate again',
  },
  mistakes: {
    show: 'Show',
    only: {
      mistakes: 'All mistakes',
      fixed: 'Fixed (zero-shot was wrong)',
      broken: 'Broken (zero-shot was right)',
    },
    order: 'Order',
    orders: {
      'most-confident': 'Surest first',
      'least-confident': 'Least sure first',
      'as-listed': 'As listed',
    },
    gallery: 'Pictures',
    truth: 'True class',
    answer: 'Answer',
    zeroShot: 'Zero-shot',
    top: 'Most probable classes',
    openInData: 'Open in Data',
    exclude: 'Leave out next time',
    excluded: (path: string) => `${path} is left out from now on`,
    keys: 'Arrows move, Enter opens in Data, E leaves the picture out.',
    noneMistakes: 'No mistakes on these pictures.',
    noneFixed: 'No picture that zero-shot got wrong is right now.',
    noneBroken: 'No picture that zero-shot got right is wrong now.',
    choose: 'Choose a picture to see what it was taken for.',
    dataMoved:
      'The pictures of this dataset have changed since the run. Left out is what has the same path today.',
  },
  prompts: {
    lengths: 'Prompt lengths by layer',
    layer: 'Layer',
    vectors: 'Prompt vectors',
    parameters: 'Learned numbers',
    width: 'Width',
    total: 'Both branches',
    branch: 'Branch',
    none: 'This run has no prompt lengths: it neither searched nor trained.',
    noPrompts: 'no prompts',
    searchTime: 'Search took',
    trainTime: 'Training took',
    noModel: 'The weights of this run are not registered any more, so the widths are not known.',
  },
  card: {
    save: 'Save as a file',
    copy: 'Copy as Markdown',
    file: (id: string) => `run-card-${id}.md`,
    label: 'Run card',
  },
}

/** Help, by the name of the route. */
export const resultsHelp: Readonly<Record<string, Help>> = {
  results: {
    title: 'Results',
    parts: [
      {
        heading: 'What this view is for',
        lines: [
          'How well the trained prompts answer, beside plain CLIP on the same pictures; where they are wrong; and what was learned.',
        ],
      },
      {
        heading: 'Words',
        lines: [
          'Zero-shot: plain CLIP with the text template and no prompts.',
          '95% interval: Wilson’s interval for the accuracy, from the number of test pictures alone. It says nothing about other seeds.',
          'Precision: of the answers with a class, the share that was right. Accuracy of a class (recall): of its pictures, the share that was answered rightly. F1: the harmonic mean of both.',
          'Fixed and broken: pictures where the trained prompts are right and zero-shot was wrong, and the reverse.',
          'All options mixed: the supprompt, the search’s weighted mixture of all prompt lengths, before the final training.',
        ],
      },
      {
        heading: 'Keys',
        lines: [
          'In the matrix: arrows move, Enter shows the pictures. In the gallery: arrows move, Enter opens the picture in Data, E leaves it out.',
        ],
      },
    ],
  },
}
