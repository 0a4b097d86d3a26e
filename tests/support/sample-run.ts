import { mkdirSync } from 'node:fs'
import { z } from 'zod'
import type { RunConfig, RunKind } from '#shared/schemas/run'
import { inspectClip } from '#main/engine/clip/model-folder'
import { readJson, writeJson } from '#main/files'
import { resource } from '#main/resources'
import { runFiles, type RunJob } from '#main/run-folder'

const Manifest = z.object({
  classes: z.array(z.object({ name: z.string() })),
  items: z.array(z.object({ file: z.string(), class: z.string(), split: z.enum(['train', 'val', 'test']) })),
})

/** Four classes of the sample pictures and the starter CLIP as a run folder, ready for the engine. */
export async function writeSampleRun(
  folder: string,
  { config, kind = 'search-and-train' }: { config: RunConfig; kind?: RunKind },
): Promise<RunJob> {
  const manifest = readJson(resource('sample', 'manifest.json'), Manifest)
  const classNames = manifest.classes.slice(0, 4).map(({ name }) => name)
  const imagesOf = (split: string, perClass: number) =>
    classNames.flatMap((name, label) =>
      manifest.items
        .filter((item) => item.class === name && item.split === split)
        .slice(0, perClass)
        .map(({ file }) => ({ path: resource('sample', ...file.split('/')), label })),
    )
  const path = resource('starter-clip')
  const { digest } = await inspectClip(path)
  const job: RunJob = {
    runId: 'sample-run',
    name: 'Sample run',
    kind,
    createdAt: new Date(0).toISOString(),
    config,
    model: { id: 'starter', name: 'starter', path, digest },
    dataset: {
      id: 'sample',
      name: 'Sample',
      fingerprint: 'sample',
      classNames,
      train: imagesOf('train', 6),
      validation: imagesOf('val', 2),
      test: imagesOf('test', 4),
    },
  }
  mkdirSync(folder, { recursive: true })
  writeJson(runFiles(folder).job, job)
  return job
}
