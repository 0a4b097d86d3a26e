import type { Output } from '#shared/contract'

/** The images a run would draw, by class: those it learns from, and those it validates on. */
export interface FewShotClass {
  label: number
  train: string[]
  validation: string[]
  /** all it has, where that is fewer than the shots */
  short: number | null
}

export function fewShotClasses(drawn: Output<'datasets/few-shot'>, classes: number): FewShotClass[] {
  const short = new Map(drawn.short.map(({ label, images }) => [label, images]))
  const pathsOf = (items: Output<'datasets/few-shot'>['train']) => {
    const byLabel = Array.from({ length: classes }, (): string[] => [])
    for (const { label, path } of items) byLabel[label]?.push(path)
    return byLabel
  }
  const [train, validation] = [pathsOf(drawn.train), pathsOf(drawn.validation)]
  return train.map((paths, label) => ({
    label,
    train: paths,
    validation: validation[label]!,
    short: short.get(label) ?? null,
  }))
}
