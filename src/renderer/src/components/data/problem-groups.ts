import type { ImportProblem, ImportReport, ProblemKind } from '#shared/schemas/dataset'

/** Problems of one kind, which share severity, consequence and remedy. */
export interface ProblemGroup {
  kind: ProblemKind
  severity: ImportProblem['severity']
  consequence: string
  remedy: string
  /** how many there are; more than are listed, perhaps */
  total: number
  problems: ImportProblem[]
}

const SEVERITIES = ['warning', 'excluded', 'note'] as const

/** By kind: first what may spoil a result, then what was left out, then what is good to know. */
export function problemGroups({ problems, totals }: ImportReport): ProblemGroup[] {
  const groups = new Map<ProblemKind, ProblemGroup>()
  for (const problem of problems) {
    const { kind, severity, consequence, remedy } = problem
    const group = groups.get(kind) ?? { kind, severity, consequence, remedy, total: 0, problems: [] }
    group.problems.push(problem)
    group.total = Math.max(totals[kind] ?? 0, group.problems.length)
    groups.set(kind, group)
  }
  return [...groups.values()].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
}
