import { inject, provide, shallowRef, type InjectionKey, type ShallowRef } from 'vue'

/** Charts with the same axis share their epoch; those of another stage have nothing at it. */
export type CursorAxis = 'search' | 'train'

/** The epoch that is looked at, in all charts and heatmaps of a view at once. */
export interface EpochCursor {
  /** while the pointer or the arrow keys are on a chart */
  readonly hovered: ShallowRef<{ axis: CursorAxis; epoch: number } | null>
}

const key: InjectionKey<EpochCursor> = Symbol('epoch cursor')

/** One crosshair for everything below the calling component. */
export function provideEpochCursor(): EpochCursor {
  const cursor: EpochCursor = { hovered: shallowRef(null) }
  provide(key, cursor)
  return cursor
}

/** The crosshair of the view; a chart that stands alone has its own. */
export function useEpochCursor(): EpochCursor {
  return inject(key, () => ({ hovered: shallowRef(null) }), true)
}
