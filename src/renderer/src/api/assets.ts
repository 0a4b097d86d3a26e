import type { Split } from '#shared/schemas/dataset'

/** Longest side of a thumbnail in pixels; the full picture without one. */
export type ThumbnailSize = 96 | 160 | 320 | 640 | 1280

/** Address of an image of a dataset, the same in the window and the served page. `path` is relative to its root. */
export function datasetImageUrl(datasetId: string, path: string, size?: ThumbnailSize): string {
  return assetUrl(['datasets', datasetId, ...path.split('/')], size)
}

/** Address of an image of a run's split, by its place in the list. */
export function runImageUrl(runId: string, split: Split, index: number, size?: ThumbnailSize): string {
  return assetUrl(['runs', runId, split, String(index)], size)
}

/** Address of a picture that a task classified. */
export function predictionImageUrl(taskId: string, index: number, size?: ThumbnailSize): string {
  return assetUrl(['predictions', taskId, String(index)], size)
}

function assetUrl(parts: readonly string[], size: ThumbnailSize | undefined): string {
  const path = parts.map((part) => encodeURIComponent(part)).join('/')
  return `/assets/${path}${size === undefined ? '' : `?size=${size}`}`
}
