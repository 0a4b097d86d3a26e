import { computed, shallowReactive, shallowRef, watch } from 'vue'
import { AppError } from '#shared/errors'
import type { Input } from '#shared/contract'
import type { DatasetImage } from '#shared/schemas/dataset'
import { api } from '../../api/api.ts'
import { PAGE_SIZE, pagesOf, pagesToForget } from './image-pages.ts'

export type ImageQuery = Input<'datasets/count-images'>

/** As many paths as one request may bring. */
const AT_ONCE = 10_000

/**
 * The images that a query finds, without ever holding them all: what is on screen is loaded, what is far is forgotten.
 * `version` changes when the images did; what is shown stays until the new ones are there.
 */
export function useImagePages(query: () => ImageQuery, version: () => string) {
  const total = shallowRef<number | null>(null)
  const error = shallowRef<AppError | null>(null)
  const pages = shallowReactive(new Map<number, readonly DatasetImage[]>())
  const asked = new Set<number>()
  let shown: readonly [first: number, last: number] = [0, 0]
  let turn = 0

  async function load(page: number): Promise<void> {
    const mine = turn
    asked.add(page)
    try {
      const range = { offset: page * PAGE_SIZE, limit: PAGE_SIZE }
      const images = await api.request('datasets/images', { ...query(), ...range })
      if (mine === turn) pages.set(page, images)
    } catch (thrown) {
      if (mine === turn) error.value = AppError.from(thrown)
    }
  }

  function show(first: number, last: number): void {
    shown = [first, last]
    for (const page of pagesToForget(pages.keys(), first, last)) {
      pages.delete(page)
      asked.delete(page)
    }
    for (const page of pagesOf(first, last)) if (!asked.has(page)) void load(page)
  }

  async function refresh(): Promise<void> {
    const mine = ++turn
    asked.clear()
    error.value = null
    try {
      const counted = await api.request('datasets/count-images', query())
      if (mine !== turn) return
      total.value = counted
      await Promise.all(pagesOf(...shown).map(load))
      if (mine !== turn) return
      for (const page of pages.keys()) if (!asked.has(page)) pages.delete(page)
    } catch (thrown) {
      if (mine === turn) error.value = AppError.from(thrown)
    }
  }

  /** Paths of the images at these places, also of those that are not loaded. */
  async function pathsAt(places: ReadonlySet<number>): Promise<string[]> {
    const found: string[] = []
    const portions = new Set([...places].map((place) => Math.floor(place / AT_ONCE)))
    const isLoaded = (place: number) => at(place) !== undefined
    if ([...places].every(isLoaded)) return [...places].map((place) => at(place)!.path)
    for (const portion of portions) {
      const offset = portion * AT_ONCE
      const images = await api.request('datasets/images', { ...query(), offset, limit: AT_ONCE })
      images.forEach(({ path }, index) => {
        if (places.has(offset + index)) found.push(path)
      })
    }
    return found
  }

  const at = (place: number): DatasetImage | undefined =>
    pages.get(Math.floor(place / PAGE_SIZE))?.[place % PAGE_SIZE]

  watch(
    () => JSON.stringify(query()),
    () => {
      pages.clear()
      shown = [0, 0]
      void refresh()
    },
    { immediate: true },
  )
  watch(version, () => void refresh())
  return { total: computed(() => total.value), error, at, show, pathsAt, refresh }
}
