import { onScopeDispose, shallowReactive } from 'vue'
import { commands, type CommandId } from '#shared/commands'

type Action = () => void

/** What each command does right now; the view on screen comes before the frame around it. */
const actions = shallowReactive(new Map<CommandId, Action[]>())

/** Gives commands their meaning for as long as the calling component lives. */
export function provideCommands(provided: Partial<Record<CommandId, Action>>): void {
  const entries = Object.entries(provided) as [CommandId, Action][]
  for (const [id, action] of entries) actions.set(id, [action, ...(actions.get(id) ?? [])])
  onScopeDispose(() => {
    for (const [id, action] of entries)
      actions.set(
        id,
        (actions.get(id) ?? []).filter((each) => each !== action),
      )
  })
}

/** Does it, if it means anything here. */
export function runCommand(id: CommandId): boolean {
  const [action] = actions.get(id) ?? []
  action?.()
  return action !== undefined
}

/** The commands that mean something here. */
export function availableCommands() {
  return commands.filter(({ id }) => (actions.get(id)?.length ?? 0) > 0)
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform)

/** `Mod+Shift+E` as it is printed on this machine's keys. */
export function keyNames(keys: string): string[] {
  return keys
    .split('+')
    .map((key) => (key === 'Mod' ? (isMac ? '⌘' : 'Ctrl') : key === 'Shift' && isMac ? '⇧' : key))
}

/** Listens for the keys of commands, with the user's own choice before ours. */
export function listenForKeys(remapped: () => Readonly<Record<string, string>>): void {
  const onKey = (event: KeyboardEvent) => {
    const pressed = keysOf(event)
    if (pressed === null) return
    const command = commands.find(({ id, keys }) => (remapped()[id] ?? keys) === pressed)
    if (command === undefined || (isTyping(event) && !pressed.startsWith('Mod'))) return
    if (isTyping(event) && (command.id === 'undo' || command.id === 'redo')) return
    if (runCommand(command.id)) event.preventDefault()
  }
  window.addEventListener('keydown', onKey)
  onScopeDispose(() => window.removeEventListener('keydown', onKey))
}

/** The keys of an event in the notation of the list; null for a modifier alone. */
export function keysOf(event: KeyboardEvent): string | null {
  if (['Control', 'Shift', 'Alt', 'Meta'].includes(event.key)) return null
  const mod = isMac ? event.metaKey : event.ctrlKey
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key
  const shift = event.shiftKey && (event.key.length > 1 || /[A-Z]/.test(key))
  return [mod && 'Mod', event.altKey && 'Alt', shift && 'Shift', key].filter(Boolean).join('+')
}

function isTyping({ target }: KeyboardEvent): boolean {
  return (
    target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
  )
}
