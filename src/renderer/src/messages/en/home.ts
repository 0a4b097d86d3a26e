import type { Help } from '../help.ts'
import { plural } from '../plural.ts'

/** Texts of home and of the home of a project. */
export const home = {
  title: 'Home',
  newProject: 'New project',
  newProjectText: 'Choose a folder with one sub-folder per class.',
  sample: 'Open the sample project',
  sampleText: 'Ten classes of small pictures that come with the program. A first run takes minutes.',
  projects: 'Projects',
  firstSteps: 'How a project goes',
  noProjects: 'Projects appear here. A project is a set of pictures with all that was made from it.',
  columns: {
    name: 'Project',
    pictures: 'Pictures',
    best: 'Best run',
    last: 'Last activity',
    actions: 'Actions',
  },
  missing: 'missing',
  missingTitle: 'The pictures cannot be found where they were. Results can still be read.',
  someMissing: (count: number) => plural(count, { one: '# picture missing', other: '# pictures missing' }),
  noRun: 'No run yet',
  zeroShotOnly: (accuracy: string) => `Zero-shot ${accuracy}`,
  bestOf: (accuracy: string, difference: string) => `${accuracy} (${difference})`,
  bestTitle: (sentence: string) => `${sentence}. The difference is in points.`,
  menu: (name: string) => `What to do with ${name}`,
  removeQuestion: (name: string) => `Remove “${name}” from the list?`,
  removeConsequence:
    'Your pictures and the folders of the runs stay where they are; no file of yours is deleted. The edits made to the data here are lost.',
  remove: 'Remove from the list',
  removed: (name: string) => `“${name}” was removed from the list.`,
  renameTitle: 'Rename the project',
  nameLabel: 'Name',
  machine: {
    title: 'This machine',
    text: 'See whether everything a run needs is there.',
    check: 'Check this machine',
    again: 'Check again',
    details: 'Why not the GPU?',
    good: 'Everything a run needs is there.',
    states: { passed: 'in order', failed: 'missing', warning: 'attention', skipped: 'not looked at' },
  },
  steps: {
    label: 'Steps of the project',
    data: 'Data',
    'zero-shot': 'Zero-shot',
    train: 'Search & train',
    use: 'Use it',
    states: { done: 'done', next: 'next', busy: 'going on', attention: 'attention', later: 'later' },
    explain: {
      data: 'Choose a folder with one sub-folder per class.',
      'zero-shot': 'What CLIP knows without any training. It is computed by itself.',
      train: 'Search a prompt length for every layer, then train prompts of these lengths.',
      use: 'Export the prompts, or classify new pictures here.',
    },
    pictures: (pictures: string, classes: string) => `${pictures} in ${classes}`,
    problems: (count: number) =>
      plural(count, { one: '# problem to look at', other: '# problems to look at' }),
    lookAtData: 'Look at the data',
    zeroShot: (accuracy: string, pictures: string) => `${accuracy} on ${pictures}`,
    zeroShotGoing: 'Computing what CLIP answers without training…',
    zeroShotWaiting: 'Waits until the engine is free.',
    zeroShotFailed: 'It could not be computed.',
    zeroShotStart: 'Compute zero-shot',
    zeroShotNext: 'Not computed yet.',
    noTest: 'There are no test pictures to measure it on.',
    preparing: 'Getting the CLIP ready that comes with the program…',
    usesModel: (model: string) => `with ${model}`,
    newRun: 'New run',
    anotherRun: 'Another run',
    watch: 'Watch',
    open: 'Open',
    noRun: 'Nothing trained yet.',
    waiting: 'Waits in the queue.',
    pausedRun: 'The last run is paused.',
    failedRun: 'The last run failed.',
    export: 'Export',
    predict: 'Classify pictures',
    afterRun: 'After the first run.',
    ready: 'The best run can be exported.',
    exported: 'Exported. Pictures can be classified.',
  },
  project: {
    best: 'Best run so far',
    none: 'No trained run yet. Zero-shot is what every run is measured against.',
    noneAtAll: 'No result yet.',
    sentence: (accuracy: string, pictures: string, zeroShot: string) =>
      `${accuracy} on ${pictures}, zero-shot ${zeroShot}`,
    worse: 'This is worse than CLIP without any training.',
    same: 'This is as good as CLIP without any training.',
    better: (difference: string) => `${difference} points against zero-shot`,
    openResult: 'See where it is right and wrong',
    dataChanged: 'The data has changed since this run.',
    activity: 'Last activity',
    noActivity: 'Nothing has been run yet.',
    allRuns: 'All runs',
    pictures: 'pictures',
    gone: 'This project is not in the list.',
    goneText: 'It may have been removed. Its pictures and runs are still where they were.',
    testPictures: (count: number) => plural(count, { one: '# test picture', other: '# test pictures' }),
    imported: (date: string) => `added ${date}`,
    kinds: {
      'zero-shot': 'Zero-shot',
      search: 'Search',
      train: 'Train',
      'search-and-train': 'Search & train',
    },
  },
}

/** Help, by the name of the route. */
export const homeHelp: Readonly<Record<string, Help>> = {
  home: {
    title: 'Home',
    parts: [
      {
        heading: 'What this view is for',
        lines: [
          'Start a project from a folder of pictures, or go on with one. A project is a set of pictures with the runs, exports and predictions made from it.',
          'Dropping a folder anywhere on the window starts a project too. Nothing is copied: the pictures stay where they are.',
        ],
      },
      {
        heading: 'Best run',
        lines: [
          'The best accuracy of a trained run on the test pictures. The number in parentheses is the difference to zero-shot, in points: what training has brought over plain CLIP.',
        ],
      },
      {
        heading: 'Keys',
        lines: [
          'Ctrl/Cmd+N new project · Ctrl/Cmd+K find a command · Ctrl/Cmd+1…7 views · F1 help for a view',
        ],
      },
    ],
  },
  project: {
    title: 'Overview of a project',
    parts: [
      {
        heading: 'The four steps',
        lines: [
          'Data: the pictures with their classes and splits.',
          'Zero-shot: what CLIP answers without training, from the class texts alone. It is computed by itself, once, and every later result is measured against it.',
          'Search & train: the search gives every layer of the text and the image branch a prompt length; the training then learns prompts of these lengths from scratch. The paper calls the two networks supprompt and subprompt, and the learned preferences α.',
          'Use it: export the prompts as files for your own code, or classify new pictures here.',
        ],
      },
      {
        heading: 'Best run so far',
        lines: [
          'The trained run with the highest accuracy on the test pictures. A run that is worse than zero-shot says so.',
        ],
      },
    ],
  },
}
