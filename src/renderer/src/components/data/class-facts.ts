import type { Dataset, DatasetClass } from '#shared/schemas/dataset'
import type { Evaluation } from '#shared/schemas/run'

/** A class as lists show it. */
export interface ClassFacts {
  label: number
  name: string
  images: number
  /** number of problems of its pictures, notes aside */
  problems: number
  zeroShot: number | null
}

/**
 * Classes with what is known of them. A run calls its classes by their words of that time, and may be older than an
 * edit of words or names.
 */
export function classFacts(dataset: Dataset, zeroShot: Evaluation | undefined): ClassFacts[] {
  const accuracies = new Map(zeroShot?.classes.map(({ name, accuracy }) => [name, accuracy]))
  const problems = problemsByFolder(dataset)
  return dataset.classes.map(({ name, prompt, counts, folder }, label) => ({
    label,
    name,
    images: counts.train + counts.validation + counts.test,
    problems: folder === null ? 0 : (problems.get(folder) ?? 0),
    zeroShot: accuracies.get(prompt) ?? accuracies.get(name) ?? null,
  }))
}

function problemsByFolder({ classes, report }: Pick<Dataset, 'classes' | 'report'>): Map<string, number> {
  const found = new Map<string, number>()
  for (const { severity, paths } of report.problems) {
    if (severity === 'note') continue
    const folders = new Set(paths.flatMap((path) => folderOf(classes, path) ?? []))
    for (const folder of folders) found.set(folder, (found.get(folder) ?? 0) + 1)
  }
  return found
}

function folderOf(classes: readonly DatasetClass[], path: string): string | null {
  return (
    classes.find(({ folder }) => folder !== null && (path === folder || path.startsWith(`${folder}/`)))
      ?.folder ?? null
  )
}
