import { onScopeDispose } from 'vue'

/** What the keys of the live screen do; `[` and `]` are handled with Shift, which keyboards write as `{` and `}`. */
export interface LiveKeys {
  pause: () => void
  step: (by: number) => void
  play: () => void
  follow: () => void
  focus: (branch: 'text' | 'image') => void
  close: () => void
}

/** Keys without a modifier, for as long as the calling component lives; not while something is typed or asked. */
export function useLiveKeys(keys: LiveKeys): void {
  const actions: Readonly<Record<string, () => void>> = {
    ' ': keys.pause,
    '[': () => keys.step(-1),
    ']': () => keys.step(1),
    '{': () => keys.step(-10),
    '}': () => keys.step(10),
    Home: () => keys.step(-Infinity),
    End: () => keys.step(Infinity),
    Escape: keys.close,
    p: keys.play,
    l: keys.follow,
    t: () => keys.focus('text'),
    i: () => keys.focus('image'),
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (action === undefined || isTaken(event)) return
    event.preventDefault()
    action()
  }
  window.addEventListener('keydown', onKey)
  onScopeDispose(() => window.removeEventListener('keydown', onKey))
}

/** Whether the key belongs to what has the focus. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (document.querySelector('[role=dialog], [role=alertdialog], [role=menu], [role=listbox]') !== null)
    return true
  if (!(target instanceof HTMLElement)) return false
  if (target.closest('input:not([type=range]), textarea, select, [contenteditable]') !== null) return true
  const isControl = target.closest('button, a, [role=switch], [role=checkbox], [role=combobox]') !== null
  const isRange = target.closest('input[type=range], [role=slider], [role=grid]') !== null
  return (isControl && key === ' ') || (isRange && (key === 'Home' || key === 'End'))
}
