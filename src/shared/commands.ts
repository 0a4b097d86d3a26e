/** A thing the user can do by name: in the menu, the command palette, the table of shortcuts, by its keys. */
export interface Command {
  readonly id: CommandId
  readonly title: string
  readonly group: CommandGroup
  /** `Mod` is Ctrl, on macOS Cmd; null: none until the user gives it some */
  readonly keys: string | null
}

export type CommandGroup = 'Go to' | 'Project' | 'Run' | 'View' | 'Help'

const list = [
  { id: 'new-project', title: 'New project from a folder of pictures…', group: 'Project', keys: 'Mod+N' },
  { id: 'open-sample', title: 'Open the sample project', group: 'Project', keys: null },
  { id: 'import-model', title: 'Import CLIP weights…', group: 'Project', keys: 'Mod+I' },
  { id: 'undo', title: 'Undo the last data edit', group: 'Project', keys: 'Mod+Z' },
  { id: 'redo', title: 'Redo the data edit', group: 'Project', keys: 'Mod+Shift+Z' },
  { id: 'export', title: 'Export the prompts of this run…', group: 'Project', keys: 'Mod+Shift+E' },
  { id: 'new-run', title: 'New run…', group: 'Run', keys: 'Mod+R' },
  { id: 'pause-run', title: 'Pause or resume the run', group: 'Run', keys: null },
  { id: 'hold-queue', title: 'Hold or release the queue', group: 'Run', keys: null },
  { id: 'go-home', title: 'Home', group: 'Go to', keys: 'Mod+1' },
  { id: 'go-project', title: 'Project', group: 'Go to', keys: 'Mod+2' },
  { id: 'go-data', title: 'Data', group: 'Go to', keys: 'Mod+3' },
  { id: 'go-models', title: 'Models', group: 'Go to', keys: 'Mod+4' },
  { id: 'go-runs', title: 'Runs', group: 'Go to', keys: 'Mod+5' },
  { id: 'go-predict', title: 'Predict', group: 'Go to', keys: 'Mod+6' },
  { id: 'go-queue', title: 'Queue', group: 'Go to', keys: 'Mod+7' },
  { id: 'settings', title: 'Settings', group: 'Go to', keys: 'Mod+,' },
  { id: 'command-palette', title: 'Find a command…', group: 'View', keys: 'Mod+K' },
  { id: 'toggle-theme', title: 'Switch between light and dark', group: 'View', keys: null },
  { id: 'toggle-sidebar', title: 'Show or hide the sidebar', group: 'View', keys: 'Mod+B' },
  { id: 'help', title: 'Help for this view', group: 'Help', keys: 'F1' },
  { id: 'shortcuts', title: 'Keyboard shortcuts', group: 'Help', keys: 'Mod+/' },
  { id: 'check-machine', title: 'Check this machine', group: 'Help', keys: null },
  { id: 'problem-report', title: 'Report a problem…', group: 'Help', keys: null },
] as const

export type CommandId = (typeof list)[number]['id']

/** Every command there is, in the order of the menu. */
export const commands: readonly Command[] = list
