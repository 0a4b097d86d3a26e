import { Readable } from 'node:stream'
import { Split } from '#shared/schemas/dataset'
import { realPathBelow } from './paths.ts'
import { openPicture, type PictureFile } from './picture-file.ts'
import { createThumbnails, thumbnailSide, versionOf } from './thumbnails.ts'

/** Where the pictures lie that a page may ask for. Null: there is no such thing. */
export interface ImagePlaces {
  /** the folder that the images of a dataset, or of an inspection, are in; pages ask for any picture below it */
  dataset(id: string): string | null
  /** the path of an image of a run */
  run(id: string, split: Split, index: number): string | null
  /** the path of a picture that a task has classified */
  prediction(task: string, index: number): string | null
}

/**
 * Answers `/assets/datasets/<id>/<path>`, `/assets/runs/<id>/<split>/<index>` and `/assets/predictions/<task>/<index>`,
 * given without `/assets`. With `?size=` the answer is a thumbnail.
 */
export function createImages(places: ImagePlaces, thumbnailFolder: string) {
  const thumbnails = createThumbnails(thumbnailFolder)

  async function answerThumbnail(path: string, picture: PictureFile, request: Request, wanted: number) {
    try {
      const side = thumbnailSide(wanted)
      const version = versionOf(path, picture, side)
      if (isKnown(request, version)) return unchanged(version)
      const thumbnail = await thumbnails.get(picture, side, version, request.signal)
      return answer(new Uint8Array(thumbnail), { type: 'image/webp', bytes: thumbnail.length, version })
    } catch {
      return refuse(415)
    } finally {
      await picture.handle.close()
    }
  }

  return async (parts: readonly string[], request: Request): Promise<Response> => {
    const path = await pathOf(places, parts)
    if (path === null) return refuse(404)
    const wanted = wantedSize(request)
    if (wanted === 'wrong') return refuse(400)
    const picture = await openPicture(path)
    if ('refused' in picture) return refuse(picture.refused)
    if (wanted !== null) return answerThumbnail(path, picture, request, wanted)
    const version = versionOf(path, picture, null)
    if (isKnown(request, version) || request.method === 'HEAD') {
      await picture.handle.close()
      return isKnown(request, version) ? unchanged(version) : answer(null, { ...picture, version })
    }
    const content = Readable.toWeb(picture.handle.createReadStream({ start: 0 }))
    return answer(content, { ...picture, version })
  }
}

async function pathOf(
  places: ImagePlaces,
  [kind, id = '', ...rest]: readonly string[],
): Promise<string | null> {
  if (kind === 'datasets') {
    const root = places.dataset(id)
    return root === null || rest.length === 0 ? null : realPathBelow(root, rest)
  }
  const index = /^\d{1,9}$/.test(rest.at(-1) ?? '') ? Number(rest.at(-1)) : null
  if (index === null) return null
  if (kind === 'predictions' && rest.length === 1) return places.prediction(id, index)
  const split = Split.safeParse(rest[0]).data
  return kind === 'runs' && rest.length === 2 && split !== undefined ? places.run(id, split, index) : null
}

function wantedSize(request: Request): number | null | 'wrong' {
  const given = new URL(request.url).searchParams.get('size')
  if (given === null) return null
  return /^[1-9]\d{0,4}$/.test(given) ? Number(given) : 'wrong'
}

type Content = ConstructorParameters<typeof Response>[0]

function answer(content: Content, about: { type: string; bytes: number; version: string }): Response {
  const { type, bytes, version } = about
  return new Response(content, {
    headers: { ...caching(version), 'Content-Type': type, 'Content-Length': String(bytes) },
  })
}

function isKnown(request: Request, version: string): boolean {
  return request.headers.get('If-None-Match') === `"${version}"`
}

function unchanged(version: string): Response {
  return new Response(null, { status: 304, headers: caching(version) })
}

/** Pictures do change, though seldom: a page that stays open asks again after a while. */
function caching(version: string): Record<string, string> {
  return { ETag: `"${version}"`, 'Cache-Control': 'private, max-age=600' }
}

function refuse(status: number): Response {
  return new Response(null, { status, headers: { 'Cache-Control': 'no-store' } })
}
