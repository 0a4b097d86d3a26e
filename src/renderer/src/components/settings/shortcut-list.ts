import { commands, type Command, type CommandId } from '#shared/commands'

type Remapped = Readonly<Record<string, string>>

/** The keys of a command: the user's own before ours; '' for none. */
export function keysOfCommand(command: Command, remapped: Remapped): string {
  return remapped[command.id] ?? command.keys ?? ''
}

/** Commands whose title, group or keys hold all the words of a search. */
export function findCommands(search: string, remapped: Remapped): Command[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return commands.filter((command) => {
    const text = `${command.title} ${command.group} ${keysOfCommand(command, remapped)}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** The titles of other commands with the same keys, by command. Commands without a conflict are left out. */
export function keyConflicts(remapped: Remapped): Map<CommandId, string[]> {
  const conflicts = new Map<CommandId, string[]>()
  for (const command of commands) {
    const keys = keysOfCommand(command, remapped)
    const others = commands.filter((other) => other !== command && keysOfCommand(other, remapped) === keys)
    if (keys !== '' && others.length > 0)
      conflicts.set(
        command.id,
        others.map(({ title }) => title),
      )
  }
  return conflicts
}

/** The map of shortcuts with one command changed; keys that are ours again are not kept as the user's own. */
export function withKeys(remapped: Remapped, command: Command, keys: string | null): Record<string, string> {
  const others = Object.fromEntries(Object.entries(remapped).filter(([id]) => id !== command.id))
  return keys === null || keys === (command.keys ?? '') ? others : { ...others, [command.id]: keys }
}
