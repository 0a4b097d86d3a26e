import type { DatasetClass } from '#shared/schemas/dataset'
import type { DatasetEdit } from '#shared/schemas/dataset-edit'

/** How the classes are worded: a template, and words for each class in the order of the labels. */
export interface Wording {
  template: string
  prompts: string[]
}

export function savedWording(dataset: { template: string; classes: readonly DatasetClass[] }): Wording {
  return { template: dataset.template, prompts: dataset.classes.map(({ prompt }) => prompt) }
}

/** Labels whose words differ. */
export function changedLabels(saved: Wording, draft: Wording): number[] {
  return draft.prompts.flatMap((prompt, label) => (prompt.trim() === saved.prompts[label] ? [] : [label]))
}

/** The edits that make the draft the saved wording. */
export function editsFor(saved: Wording, draft: Wording): DatasetEdit[] {
  const prompts = changedLabels(saved, draft).map((label) => ({
    label,
    prompt: draft.prompts[label]!.trim(),
  }))
  return [
    ...(prompts.length > 0 ? [{ kind: 'set-prompts' as const, prompts }] : []),
    ...(draft.template === saved.template
      ? []
      : [{ kind: 'set-template' as const, template: draft.template }]),
  ]
}

/** What keeps a wording from being used: a template without its place, or labels of classes without words. */
export function wordingErrors({ template, prompts }: Wording): { template: boolean; empty: number[] } {
  return {
    template: !template.includes('{}'),
    empty: prompts.flatMap((prompt, label) => (prompt.trim() === '' ? [label] : [])),
  }
}

/** The sentence CLIP reads. The engine writes underscores as spaces. */
export function sentence(template: string, prompt: string): string {
  return template.replaceAll('{}', () => prompt.trim().replaceAll('_', ' '))
}

export function replaceIn(prompts: readonly string[], find: string, replacement: string): string[] {
  return find === '' ? [...prompts] : prompts.map((prompt) => prompt.replaceAll(find, () => replacement))
}

/** Lines of a pasted column; of a table, its first column. An empty line at the end is none. */
export function columnOf(text: string): string[] {
  const lines = text.replace(/\r\n?/g, '\n').replace(/\n+$/, '').split('\n')
  return lines.map((line) => line.split('\t')[0]!.trim())
}

/** Puts a column into the table from a row on; empty lines leave what was there. */
export function fillFrom(prompts: readonly string[], from: number, column: readonly string[]): string[] {
  return prompts.map((prompt, label) => column[label - from] || prompt)
}
