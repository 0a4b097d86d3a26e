const rules = new Intl.PluralRules('en')

/** The form of a word that goes with a number: `plural(n, { one: '# run', other: '# runs' })`; `#` is the number. */
export function plural(count: number, forms: { one: string; other: string }): string {
  const form = rules.select(count) === 'one' ? forms.one : forms.other
  return form.replace('#', count.toLocaleString())
}
