import { onMounted, type Ref } from 'vue'

/** The page that was loaded keeps the focus where the browser put it; from then on it follows the views. */
let isFirstView = true

/** Puts the focus on a view's heading when it opens: a screen reader reads it, and Tab goes on from there. */
export function useViewFocus(heading: Readonly<Ref<HTMLElement | null>>): void {
  onMounted(() => {
    if (!isFirstView) heading.value?.focus({ preventScroll: true })
    isFirstView = false
  })
}
