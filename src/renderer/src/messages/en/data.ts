import type { Help } from '../help.ts'
import { plural } from '../plural.ts'

const importing = {
  title: 'New project',
  description: 'Nothing is saved until you add it. The pictures stay where they are.',
  source: 'Pictures',
  folder: 'Folder with one sub-folder per class',
  folderHelp: 'Folders with train, val and test inside work too.',
  file: 'List of pictures',
  fileHelp: 'A CSV or JSON manifest, or a split file of CoOp.',
  useFile: 'I have a list (CSV, JSON, CoOp split)',
  useFolder: 'I have a folder',
  options: 'How to read the list',
  imageRoot: 'Folder that its paths start from',
  imageRootHelp: 'Only where that is not the folder of the list.',
  pathColumn: 'Column with the path',
  labelColumn: 'Column with the class',
  splitColumn: 'Column with the split',
  columnsHelp: 'Only where the usual names (path, class, split) do not fit.',
  look: 'Look at it',
  lookAgain: 'Look again',
  send: 'Send a folder from this computer',
  sendHelp: 'The pictures are copied to the machine that the program runs on.',
  sending: (done: number, total: number) =>
    `Sending the pictures: ${done.toLocaleString()} of ${total.toLocaleString()}`,
  drawingTitle: 'What the folder looks like',
  drawing: `my-pictures/
├── cat/
│   ├── 001.jpg
│   └── 002.jpg
├── dog/
│   └── 001.jpg
└── horse/
    └── 001.jpg`,
  drawingText: 'The name of a folder is the name of its class. You can also drop the folder on this window.',
  understood: 'What we understood',
  sourceKinds: {
    'class-folders': 'One folder per class',
    'split-folders': 'Folders for training, validation and test, with one folder per class in them',
    manifest: 'A list of pictures with their classes',
    'coop-split': 'A split file of CoOp',
  },
  found: (pictures: string, classes: string) => `${pictures} in ${classes}`,
  leftOut: (count: number) => plural(count, { one: '# file left out', other: '# files left out' }),
  nothingWrong: 'Nothing wrong was found.',
  problems: 'What to know about them',
  known: (name: string) => `These pictures are a project already: “${name}”.`,
  openKnown: 'Open that project',
  addAnyway: 'Adding them again makes a second project.',
  name: 'Name of the project',
  add: 'Add project',
}

const splitting = {
  title: 'Split',
  keep: 'Keep it as found',
  keepSeeded: 'As proposed',
  keepText: {
    source: 'Every picture is in the split it was found in.',
    seeded: 'None was found; drawn class by class, the same on every machine.',
    completed: 'Found in part; the rest was drawn class by class, the same on every machine.',
  },
  anew: 'Split anew',
  anewText: 'Drawn class by class by the seed. Copies of one picture stay on one side.',
  shares: 'Shares in per cent',
  seed: 'Seed',
  mustAddUp: (sum: number) => `The shares must add up to 100, not ${sum}.`,
  someTraining: 'Some pictures must be for training.',
  className: 'Class',
  total: 'Total',
  all: 'All classes',
  none: 'none',
  tableLabel: 'Pictures per class and split',
}

const kinds = {
  missing: 'Missing files',
  unreadable: 'Unreadable files',
  corrupt: 'Damaged pictures',
  unsupported: 'Formats that are not read',
  'too-large': 'Too large pictures',
  'outside-root': 'Pictures outside the folder',
  'invalid-name': 'Names that cannot be used',
  'no-class': 'Pictures without a class',
  'listed-twice': 'Listed twice',
  'class-conflict': 'The same picture in several classes',
  'split-leak': 'The same picture in training and test',
  duplicate: 'Exact copies',
  'near-duplicate': 'Look-alikes',
  'empty-class': 'Classes without pictures',
  'missing-split': 'Splits without pictures',
  'too-few': 'Classes with few pictures',
  blank: 'Blank pictures',
  tiny: 'Tiny pictures',
  animated: 'Animated pictures',
  'color-mode': 'Unusual colour modes',
  'case-collision': 'Names that differ only in case',
  'unknown-split': 'Splits of unknown names',
  'nested-folder': 'Folders inside class folders',
  'other-files': 'Other files',
}

/** Texts of the import sheet and the data of a project. */
export const data = {
  title: 'Data',
  import: importing,
  split: splitting,
  problems: {
    kinds,
    severity: { excluded: 'left out', warning: 'warning', note: 'note' },
    found: (count: number) => plural(count, { one: '# finding', other: '# findings' }),
    more: (count: number) => plural(count, { one: 'and # more', other: 'and # more' }),
    consequence: 'Consequence',
    remedy: 'Remedy',
    none: 'No problems were found in these pictures.',
    excludeFirst: 'Exclude the first',
    excludeSecond: 'Exclude the second',
    excludeOthers: 'Keep the first only',
    excludeAll: 'Exclude all',
    excludeBoth: 'Exclude both',
    keep: 'Keep as it is',
    keptHere: 'Kept. It stays in this list until the pictures change.',
    excludedMark: 'excluded',
  },
  tabs: {
    label: 'Parts of the data',
    pictures: 'Pictures',
    classes: 'Classes & prompts',
    splits: 'Splits & shots',
    problems: (count: number) => (count === 0 ? 'Problems' : `Problems (${count.toLocaleString()})`),
  },
  undo: (what: string) => `Undo: ${what}`,
  redo: (what: string) => `Redo: ${what}`,
  nothingToUndo: 'Nothing to undo',
  nothingToRedo: 'Nothing to redo',
  undone: (what: string) => `Taken back: ${what}`,
  redone: (what: string) => `Done again: ${what}`,
  more: 'More',
  exportCoop: 'Export the split as CoOp JSON…',
  exportPath: 'File to write',
  exportText:
    'Paths are relative to the folder of the pictures. Any program that reads CoOp splits can use it.',
  exportAction: 'Write the file',
  exported: (path: string) => `Written to ${path}`,
  missing: {
    some: (missing: number, total: number) =>
      `${missing.toLocaleString()} of ${plural(total, { one: '# picture', other: '# pictures' })} cannot be found.`,
    results: 'Results of earlier runs stay readable.',
    text: 'Choose the folder that the pictures are in now. Every file is compared with the one that was imported.',
    locate: 'Locate the folder…',
    folder: 'Folder with the pictures',
    relink: 'Look there',
    found: (found: number) =>
      plural(found, { one: '# picture was found there.', other: '# pictures were found there.' }),
    stillMissing: (count: number) =>
      plural(count, { one: '# is still missing.', other: '# are still missing.' }),
    different: (count: number) =>
      plural(count, {
        one: '# has the same name and another content.',
        other: '# have the same name and another content.',
      }),
  },
  pictures: {
    classes: 'Classes',
    allClasses: 'All classes',
    zeroShotOf: (accuracy: string) => `zero-shot ${accuracy}`,
    hasProblems: 'has problems',
    anySplit: 'Every split',
    anyProblem: 'With and without problems',
    split: 'Split',
    problem: 'Problem',
    excludedOnly: 'Excluded',
    search: 'Part of the path',
    clear: 'Clear filters',
    selected: (count: number) => plural(count, { one: '# selected', other: '# selected' }),
    grid: 'Pictures. Arrows move, Space shows one large, E excludes or includes, Control A selects all.',
    empty: 'No pictures match these filters.',
    inspector: 'Selected picture',
    nothingSelected: 'Select a picture to see what is known about it.',
    several: (count: number) => plural(count, { one: '# picture', other: '# pictures' }),
    path: 'Path',
    size: 'Size',
    pixels: (width: number, height: number) =>
      `${width.toLocaleString()} × ${height.toLocaleString()} pixels`,
    hash: 'SHA-256',
    class: 'Class',
    lookAlikes: 'Has look-alikes in this data',
    moveTo: 'Move to class',
    setSplit: 'Set split',
    exclude: 'Exclude',
    include: 'Include again',
    quickLook: 'Quick look',
    excludedDone: (count: number) =>
      plural(count, { one: '# picture excluded', other: '# pictures excluded' }),
    includedDone: (count: number) =>
      plural(count, { one: '# picture included again', other: '# pictures included again' }),
    movedDone: (count: number, name: string) =>
      plural(count, { one: `# picture moved to ${name}`, other: `# pictures moved to ${name}` }),
    splitDone: (count: number, split: string) =>
      plural(count, { one: `# picture set to ${split}`, other: `# pictures set to ${split}` }),
    filesUntouched: 'Your files are not touched.',
  },
  prompts: {
    template: 'Template',
    templateHelp: 'One sentence with {} where the words for the class go.',
    templateError: 'The template needs {} for the words of the class.',
    className: 'Class',
    prompt: 'Words for the class',
    tokens: 'Tokens',
    tokensTitle: (count: number, positions: number) =>
      `${count} of ${positions} text positions, start and end included`,
    tooLong: 'The sentence is longer than CLIP can read and will be cut.',
    sentence: 'Sentence that CLIP reads',
    saved: 'Saved',
    tested: 'With the edits',
    change: 'Change',
    actions: 'Actions',
    find: 'Find',
    replace: 'Replace with',
    replaceAll: 'Replace',
    underscores: 'Replace underscores',
    paste: 'Paste a column',
    pasteTitle: 'Paste a column of words',
    pasteText: (count: number) => `One line per class, in the order of the table: ${count} lines.`,
    pasteLines: (lines: number, classes: number) => `${lines} of ${classes} lines`,
    pasteApply: 'Take them',
    unsaved: (count: number) => plural(count, { one: '# unsaved change', other: '# unsaved changes' }),
    save: 'Save wording',
    discard: 'Discard',
    savedDone: 'The wording was saved.',
    emptyPrompt: 'A class needs some words.',
    test: 'Test wording',
    testHelp:
      'Computes zero-shot on the validation pictures with the saved wording and with the edited one. Nothing is saved by it.',
    testOn: (count: string, model: string) => `Zero-shot on ${count}, ${model}`,
    validationPictures: (count: number) =>
      plural(count, { one: '# validation picture', other: '# validation pictures' }),
    stale: 'The wording has been edited since.',
    noValidation: 'There are no validation pictures to test on.',
    noModel: 'Testing and counting tokens need CLIP weights.',
    toModels: 'Models',
    rename: 'Rename…',
    renameTitle: 'Rename the class',
    merge: 'Merge into…',
    mergeTitle: (name: string) => `Merge “${name}” into another class`,
    mergeText: 'Its pictures become pictures of the other class. Files are not touched.',
    mergeInto: 'Into',
    mergeAction: 'Merge',
    merged: (name: string, into: string) => `“${name}” was merged into “${into}”`,
    exclude: 'Exclude the class',
    excluded: (name: string) => `“${name}” was excluded`,
    included: (name: string) => `“${name}” was included again`,
    excludedClasses: 'Excluded classes',
    include: 'Include again',
    menu: (name: string) => `What to do with ${name}`,
    renamed: (name: string, to: string) => `“${name}” was renamed to “${to}”`,
    draftFirst: 'Save or discard the wording first.',
  },
  splits: {
    now: 'Split of this project',
    origin: {
      source: 'As found in the source.',
      seeded: (seed: number) => `Drawn with seed ${seed}.`,
      completed: (seed: number) => `Found in part, the rest drawn with seed ${seed}.`,
    },
    resplit: 'Split anew…',
    resplitTitle: 'Split the pictures anew',
    resplitText: 'Runs that were made keep the split they were made with.',
    apply: 'Use this split',
    done: 'The pictures were split anew',
    shots: 'Few-shot preview',
    shotsText:
      'The very pictures a run with these numbers learns from. The same seed gives the same pictures on every machine.',
    perClass: 'Shots per class',
    seed: 'Seed',
    validationShots: 'Validation shots',
    more: 'Show more classes',
    train: 'Learned from',
    validation: 'For validation',
    short: (name: string, images: number) =>
      plural(images, {
        one: `${name} has # picture only; it is used.`,
        other: `${name} has # pictures only; all are used.`,
      }),
  },
}

/** Help, by the name of the route. */
export const dataHelp: Readonly<Record<string, Help>> = {
  import: {
    title: 'New project',
    parts: [
      {
        heading: 'What this view is for',
        lines: [
          'Choose pictures, see what the program makes of them, and add them as a project. Nothing is saved before that, and no picture is copied or changed.',
        ],
      },
      {
        heading: 'What the words mean',
        lines: [
          'Split: which pictures are learned from (training), which decide between settings (validation), and which only measure the result (test).',
          'Left out: files that cannot be used. The rest is imported all the same.',
          'Look-alikes: pictures that are nearly the same. When one is learned from and another tested, the result looks better than it is.',
        ],
      },
    ],
  },
  data: {
    title: 'Data',
    parts: [
      {
        heading: 'What this view is for',
        lines: [
          'See and put in order what a run learns from: pictures, class names, the words CLIP reads for each class, splits, and what was found to be wrong. Every edit can be undone; your files are never touched.',
        ],
      },
      {
        heading: 'Classes & prompts',
        lines: [
          'CLIP compares a picture with one sentence per class: the template with the words for the class in place of {}. Better words can raise zero-shot accuracy without any training; Test wording shows by how much before anything is saved.',
          'Tokens: the pieces a sentence is cut into. CLIP reads 77 at most, start and end included. Learned prompts do not count: they are extra keys and values in the layers.',
        ],
      },
      {
        heading: 'Splits & shots',
        lines: ['A run with k shots learns from k pictures of each class, drawn by its seed.'],
      },
      {
        heading: 'Keys',
        lines: [
          'Arrows move in the grid · Shift+arrows select · Ctrl/Cmd+A selects all · Space quick look · Enter inspector · E exclude or include · Delete exclude · F2 move to another class · Ctrl/Cmd+F search · Ctrl/Cmd+Z undo · Ctrl/Cmd+Shift+Z redo',
        ],
      },
    ],
  },
}
