import type { Help } from '../help.ts'
import { plural } from '../plural.ts'

/** Label, one line of help and unit of a setting. */
interface FieldText {
  readonly label: string
  readonly help: string
  readonly unit?: string
}

/** What the two stages have in common. */
const optimisation = (prefix: string): Record<string, FieldText> => ({
  [`${prefix}.epochs`]: { label: 'Epochs', help: 'Passes over the training pictures', unit: 'epochs' },
  [`${prefix}.batchSize`]: { label: 'Batch', help: 'More is faster and needs more memory', unit: 'pictures' },
  [`${prefix}.learningRate`]: { label: 'Learning rate', help: 'Of the prompts, after the warm-up' },
  [`${prefix}.momentum`]: { label: 'Momentum', help: 'Of SGD on the prompts, 0 to 1' },
  [`${prefix}.weightDecay`]: { label: 'Weight decay', help: 'Pull of the prompts towards zero' },
  [`${prefix}.schedule`]: { label: 'Schedule', help: 'How the rate falls over the epochs' },
  [`${prefix}.warmUpEpochs`]: { label: 'Warm-up', help: 'First epochs with a small rate', unit: 'epochs' },
  [`${prefix}.warmUpLearningRate`]: { label: 'Warm-up rate', help: 'The small rate of the first epochs' },
  [`${prefix}.augmentation`]: { label: 'Augmentation', help: 'Random crops and flips of training pictures' },
  [`${prefix}.textInput`]: {
    label: 'Class texts',
    help: 'One template, or the released code’s mean over 60 templates',
  },
})

const fields: Readonly<Record<string, FieldText>> = {
  branches: { label: 'Branches', help: 'Which of CLIP’s two branches get prompts' },
  ...optimisation('search'),
  'search.options': {
    label: 'Prompt lengths',
    help: 'To choose from in every layer, rising; 0 is no prompt',
  },
  'search.mixing': {
    label: 'Mixing',
    help: 'What the weights mix: whole blocks (paper) or attention outputs (released code, faster)',
  },
  'search.promptInitialisation': {
    label: 'First prompts',
    help: 'Normal with 0.02, or as the released code draws them',
  },
  'search.validationBatchSize': { label: 'Batch for α', help: 'Per step of α', unit: 'pictures' },
  'search.validationBatches': {
    label: 'Batches for α',
    help: 'All pictures in turn, or always the first batch (released code)',
  },
  'search.alphaData': {
    label: 'Pictures for α',
    help: 'Few-shot validation pictures, or half of the shots',
  },
  'search.alphaOptimizer': { label: 'Optimiser of α', help: 'SGD (paper) or Adam (released code)' },
  'search.alphaLearningRate': { label: 'Rate of α', help: 'How fast the choice moves' },
  'search.alphaSchedule': { label: 'Schedule of α', help: 'How its rate falls over the epochs' },
  'search.alphaMomentum': { label: 'Momentum of α', help: 'Of SGD, 0 to 1' },
  'search.alphaWeightDecay': { label: 'Weight decay of α', help: 'Pull of α towards a tie' },
  'search.alphaBetas': { label: 'Betas of α', help: 'Two numbers, of Adam' },
  'search.alphaFrozenEpochs': {
    label: 'α waits',
    help: 'Epochs in which only the prompts learn',
    unit: 'epochs',
  },
  'search.alphaInitialScale': { label: 'First α', help: 'Standard deviation of its random beginning' },
  ...optimisation('train'),
  'train.promptScale': { label: 'First prompts', help: 'Standard deviation of their random beginning' },
  'train.validateEvery': {
    label: 'Validate every',
    help: 'Epochs between looks at the validation pictures; 0 never',
    unit: 'epochs',
  },
  'train.swapBranches': {
    label: 'Swap branches',
    help: 'Use the text lengths for the image branch and the reverse (as released)',
  },
  'train.distillation.enabled': {
    label: 'Distillation',
    help: 'Pulls the answers towards those of plain CLIP',
  },
  'train.distillation.lambda': { label: 'λ', help: 'Weight of that pull against the labels' },
  'train.distillation.reduction': { label: 'Reduction', help: 'How the pull is averaged' },
  'train.distillation.temperature': { label: 'Temperature', help: 'Of the answers that are compared' },
  'train.distillation.teacherText': {
    label: 'Teacher’s texts',
    help: 'The template of the run, a mean over 60, or the last of them (as released)',
  },
}

const goals = {
  quick: {
    title: 'Quick look',
    text: 'Few epochs and one seed, to see that all is well. Says little about the best accuracy.',
  },
  paper: { title: 'Paper', text: 'The method as published: 60 epochs of search, 40 of training, 3 seeds.' },
  distillation: {
    title: 'Paper + distillation',
    text: 'With λ = 1: the paper’s text gives no value, and with 1 plain CLIP’s answers count as much as the labels.',
  },
  'released-code': {
    title: 'Reference code',
    text: 'The settings of the published code, which differ from the paper.',
  },
  train: { title: 'Train only', text: 'Prompt lengths by hand or from another run; no search.' },
  'zero-shot': {
    title: 'Zero-shot only',
    text: 'Measures plain CLIP on the test pictures. Nothing is trained.',
  },
}

/** Texts of new run. */
export const newRun = {
  title: 'New run',
  goal: 'Goal',
  goals,
  sameAsPaper: 'Settings of the paper',
  differs: (count: number) =>
    plural(count, { one: '# setting differs from the paper', other: '# settings differ from the paper' }),
  difference: (field: string, from: string, to: string) => `${field}: ${from} → ${to}`,
  takes: (time: string) => `${time} per seed`,
  takesUnknown: 'time not known yet',
  lengths: {
    title: 'Prompt lengths',
    text: (layers: number) =>
      `Text branch, ${plural(layers, { one: '# layer', other: '# layers' })}, first to last`,
    image: (layers: number) =>
      `Image branch, ${plural(layers, { one: '# layer', other: '# layers' })}, first to last`,
    from: 'From another run',
    byHand: 'by hand',
    wrong: (layers: number) => `Give ${layers} whole numbers, one per layer; 0 is a layer without a prompt.`,
    example: '4, 2, 0, 6',
  },
  data: 'Data and model',
  dataset: 'Dataset',
  datasetFacts: (classes: string, images: string) => `${classes}, ${images}`,
  model: 'CLIP',
  noModel: 'There are no CLIP weights yet.',
  toModels: 'Go to the models',
  shots: 'Shots',
  shotsHelp: (most: number) => `Training pictures per class; the smallest class has ${most}`,
  shotsOther: 'Another number of shots',
  validationShots: 'Validation shots',
  validationShotsHelp: 'Pictures per class that the search learns α from',
  seeds: 'Seeds',
  seedsHelp: 'One run each. Three give a mean and a deviation.',
  seedsWrong: 'Give whole numbers from 0 up, each once, at most 20, such as 1, 2, 3.',
  template: 'Text template',
  templateHelp: '{} stands for the name of the class',
  name: 'Name',
  nameHelp: 'Leave it empty for one made of date and dataset',
  settings: 'Settings',
  settingsHint: 'A dot marks what differs from the goal’s settings.',
  groups: {
    search: 'Search',
    alpha: 'Choice of lengths (α)',
    train: 'Train',
    distillation: 'Distillation',
  },
  stages: 'Stages',
  stagesHelp: 'Train the lengths at once, or look at them first',
  kinds: { 'search-and-train': 'Search and train', search: 'Search only' },
  branches: { both: 'text and image', text: 'text only', image: 'image only' },
  changed: (value: string) => `Differs from the goal’s ${value}`,
  reset: (label: string, value: string) => `Set ${label} back to ${value}`,
  resetAll: 'Set all back',
  filter: 'Find a setting',
  noneFound: 'No setting of that name.',
  fields,
  problems: {
    wholeNumber: 'Give a whole number.',
    number: 'Give a number.',
    atLeast: (limit: string) => `At least ${limit}.`,
    above: (limit: string) => `More than ${limit}.`,
    atMost: (limit: string) => `At most ${limit}.`,
    other: 'This does not fit.',
    summary: (count: number) =>
      plural(count, { one: '# field needs another value', other: '# fields need another value' }),
  },
  /** fields with a place of their own, where they are listed */
  own: {
    shots: 'Shots',
    validationShots: 'Validation shots',
    seeds: 'Seeds',
    template: 'Text template',
    modelId: 'CLIP',
    'train.contextLengths.text': 'Prompt lengths, text branch',
    'train.contextLengths.image': 'Prompt lengths, image branch',
  } as Readonly<Record<string, string>>,
  check: 'Check and start',
  estimate: {
    time: 'Time',
    perSeed: 'per seed',
    inAll: (time: string) => `${time} for all seeds`,
    search: (time: string) => `search ${time}`,
    train: (time: string) => `training ${time}`,
    scoring: (time: string) => `scoring ${time}`,
    measured: 'Measured on this machine with these weights.',
    modelled: 'Computed from the arithmetic; nothing has been measured on this machine yet.',
    memory: 'Memory',
    memoryOf: (need: string, free: string) => `${need} of ${free} free`,
    tooLittle: 'More than is free now.',
    disk: 'Disk',
    jobs: 'Runs',
    jobsOf: (count: number) =>
      `${plural(count, { one: '# seed', other: '# seeds' })} × 1 setting = ${plural(count, { one: '# run', other: '# runs' })}`,
    space: 'Configurations to choose from',
    spaceOf: (options: number, layers: number, size: string) => `${options}^${layers} = ${size}`,
    pictures: 'Test pictures',
    unknown: 'not known',
    apply: 'Change it',
  },
  warnings: 'Worth knowing',
  summary: 'Summary',
  start: 'Start',
  enqueue: 'Add to the queue',
  enqueueHelp: (name: string) => `“${name}” is running; this starts after it and what waits already.`,
  heldHelp: 'The queue is held; this waits until it is released.',
  startMany: (count: number) => `Start ${count} runs`,
  enqueueMany: (count: number) => `Add ${count} runs to the queue`,
  started: (count: number) =>
    plural(count, { one: 'The run is in the queue', other: '# runs are in the queue' }),
  openQueue: 'Open the queue',
  copyCli: 'Copy CLI command',
  exportConfig: 'Export settings (JSON)',
  startAgain: 'Begin anew',
  leave: {
    question: 'Leave the new run?',
    consequence: 'Nothing has started. The draft is kept until you come back in this window.',
    action: 'Leave',
  },
  missing: 'There is no such project.',
}

const help: Help = {
  title: 'New run',
  parts: [
    {
      heading: 'What this view is for',
      lines: [
        'It puts a run together: choose a goal, look at what it takes, start. Everything below the goal is filled in already and may stay as it is.',
      ],
    },
    {
      heading: 'Words and symbols',
      lines: [
        'Search learns α, one number per layer and candidate prompt length; the length with the largest weight is chosen (the paper’s supprompt). Train learns fresh prompts of the chosen lengths (the subprompt).',
        'Configurations to choose from: lengths to the power of layers. For 4 lengths and 24 layers that is 4²⁴ = 2.81 × 10¹⁴; the paper prints 10¹⁵.',
        'Distillation adds λ · KL(p_zs ‖ p) to the loss, a pull towards the zero-shot answers.',
        'Paper and Reference code differ in many settings; each card lists them.',
      ],
    },
    {
      heading: 'Keys',
      lines: ['Ctrl+Enter starts. Escape leaves and keeps the draft.'],
    },
  ],
}

/** Help, by the name of the route. */
export const newRunHelp: Readonly<Record<string, Help>> = { 'new-run': help }
