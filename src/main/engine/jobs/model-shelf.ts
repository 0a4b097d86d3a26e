import { uploadClip, type Clip } from '../clip/clip.ts'
import { loadClip } from '../clip/model-folder.ts'
import type { LoadProgress } from '../clip/weights.ts'
import type { Tokenizer } from '../clip/tokenizer.ts'
import { createImageSource, type ImageSource } from '../data/image-source.ts'

/** A CLIP on the device with everything that reads for it. Borrowed from the shelf. */
export interface LoadedModel {
  readonly clip: Clip
  readonly tokenizer: Tokenizer
  readonly images: ImageSource
}

/** Keeps the CLIP of the last job, so that a queue of runs loads it once. */
export interface ModelShelf {
  load(path: string, onProgress: LoadProgress): Promise<LoadedModel>
}

export function createModelShelf(): ModelShelf {
  let kept: { path: string; model: LoadedModel } | null = null
  return {
    async load(path, onProgress) {
      if (kept?.path === path) return kept.model
      kept?.model.clip.dispose()
      kept = null
      const { weights, tokenizer, preprocessing } = await loadClip(path, onProgress)
      kept = {
        path,
        model: { clip: uploadClip(weights), tokenizer, images: createImageSource(preprocessing) },
      }
      return kept.model
    },
  }
}
