import { plural } from '../plural.ts'

/** Texts of the frame around every view. */
export const shell = {
  skip: 'Skip to the content',
  sidebar: 'Sections',
  thisProject: 'This project',
  app: 'Application',
  home: 'Home',
  project: 'Overview',
  data: 'Data',
  models: 'Models',
  runs: 'Runs',
  predict: 'Predict',
  queue: 'Queue',
  settings: 'Settings',
  noProject: 'No project open',
  collapse: 'Narrow the sidebar',
  expand: 'Widen the sidebar',
  problems: (count: number) => plural(count, { one: '# problem', other: '# problems' }),
  waiting: (count: number) =>
    plural(count, { one: '# run waiting or running', other: '# runs waiting or running' }),
  find: 'Find a command…',
  palette: 'Commands',
  nothingFound: 'No command of that name',
  status: {
    label: 'State of the program',
    engine: { off: 'Engine off', starting: 'Engine starting', idle: 'Engine ready', busy: 'Engine at work' },
    cpu: 'CPU',
    gpu: 'GPU',
    unknownDevice: 'device known after the first job',
    memory: (used: string) => `${used} in use`,
    queue: (count: number) =>
      count === 0 ? 'Queue empty' : plural(count, { one: '# waiting', other: '# waiting' }),
    held: 'Queue held',
    network: { off: 'Network: off', allowed: 'Network: allowed' },
  },
  connection: {
    connecting: 'Connecting to the program…',
    lost: 'The program does not answer. Runs that are going are not affected; this page connects again by itself.',
    refused: 'This page has lost its permission to talk to the program.',
    refusedHint: 'Open the link again that `dplstudio serve` printed.',
  },
  shortcuts: 'Keyboard shortcuts',
  report: {
    title: 'Report a problem',
    explain:
      'This is everything the report contains. It is sent nowhere: save it, read it, and pass it on if you like.',
    save: 'Save as a file',
    file: 'dpl-studio-report.txt',
  },
  help: {
    title: 'Help for this view',
    none: 'There is no help for this view yet.',
  },
  drop: 'Drop a folder with one sub-folder per class to make a project of it',
  dropping: 'Sending the pictures to the workstation',
  notFound: 'There is nothing at this address.',
  goHome: 'Go to Home',
}
