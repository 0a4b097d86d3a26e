/** The help of one view: what it is for, and what the words in it mean. */
export interface Help {
  readonly title: string
  readonly parts: readonly { readonly heading: string; readonly lines: readonly string[] }[]
}
