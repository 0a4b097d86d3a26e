import type { MenuItemConstructorOptions } from 'electron'
import { commands, type Command, type CommandId } from '#shared/commands'
import { messages } from './messages.ts'

export interface MenuParts {
  platform: string
  /** with the tools for developers */
  unpackaged: boolean
  /** command to keys, where the user has changed them */
  shortcuts: Readonly<Record<string, string>>
  send: (command: CommandId) => void
}

const EDIT: readonly CommandId[] = ['undo', 'redo']

/** The menu bar. What a command means is the page's business; the menu only names it. */
export function menuTemplate({
  platform,
  unpackaged,
  shortcuts,
  send,
}: MenuParts): MenuItemConstructorOptions[] {
  const words = messages.menu
  const isMac = platform === 'darwin'
  const item = ({ id, title, keys }: Command): MenuItemConstructorOptions => {
    const pressed = shortcuts[id] ?? keys
    return {
      id,
      label: title,
      click: () => send(id),
      // The page listens for keys itself, because the user may change them: the menu only shows them.
      ...acceleratorOf(pressed),
      registerAccelerator: false,
    }
  }
  const items = (wanted: (command: Command) => boolean) => commands.filter(wanted).map(item)
  const group = (name: Command['group'], except: readonly CommandId[] = []) =>
    items((command) => command.group === name && !except.includes(command.id))
  const only = (ids: readonly CommandId[]) => items(({ id }) => ids.includes(id))

  return [
    ...(isMac ? [{ label: messages.name, submenu: programMenu(only(['settings'])) }] : []),
    {
      label: words.file,
      submenu: [
        ...group('Project', EDIT),
        SEPARATOR,
        ...(isMac
          ? [{ role: 'close' } as const]
          : [...only(['settings']), SEPARATOR, { role: 'quit' } as const]),
      ],
    },
    {
      label: words.edit,
      submenu: [
        ...only(EDIT),
        SEPARATOR,
        { role: 'cut' },
        { role: 'copy' },
        { role: 'paste' },
        { role: 'selectAll' },
      ],
    },
    {
      label: words.view,
      submenu: [
        ...group('View'),
        SEPARATOR,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        ...(unpackaged ? DEVELOPER : []),
      ],
    },
    { label: words.go, submenu: group('Go to', ['settings']) },
    { label: words.run, submenu: group('Run') },
    { role: 'windowMenu' },
    { role: 'help', label: words.help, submenu: [...group('Help'), SEPARATOR, { role: 'about' }] },
  ]
}

const SEPARATOR: MenuItemConstructorOptions = { type: 'separator' }
const DEVELOPER: MenuItemConstructorOptions[] = [
  SEPARATOR,
  { role: 'forceReload' },
  { role: 'toggleDevTools' },
]

/** The menu with the program's name, where macOS wants the settings. */
function programMenu(settings: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] {
  return [
    { role: 'about' },
    SEPARATOR,
    ...settings,
    SEPARATOR,
    { role: 'services' },
    { role: 'hide' },
    { role: 'hideOthers' },
    { role: 'unhide' },
    SEPARATOR,
    { role: 'quit' },
  ]
}

/** Keys as the browser names them that Electron calls otherwise. */
const NAMES: Readonly<Record<string, string>> = {
  ArrowUp: 'Up',
  ArrowDown: 'Down',
  ArrowLeft: 'Left',
  ArrowRight: 'Right',
  ' ': 'Space',
  '+': 'Plus',
}
const KNOWN =
  /^(Up|Down|Left|Right|Space|Plus|Tab|Enter|Escape|Backspace|Delete|Insert|Home|End|PageUp|PageDown|F\d{1,2}|[!-~])$/

/** Nothing for keys that Electron has no name for: it refuses a menu with one of those. */
function acceleratorOf(keys: string | null): { accelerator?: string } {
  const [, modifiers = '', key = ''] = /^((?:(?:Mod|Alt|Shift)\+)*)(.+)$/.exec(keys ?? '') ?? []
  const name = NAMES[key] ?? key
  return KNOWN.test(name) ? { accelerator: modifiers.replace('Mod', 'CommandOrControl') + name } : {}
}
