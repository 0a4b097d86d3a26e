/** The scheme the page comes by. */
export const SCHEME = 'dpl'

/** Where the page and its pictures are: one origin, as in the browser. */
export const ORIGIN = `${SCHEME}://app`

/** What the window opens. */
export const START_PAGE = `${ORIGIN}/index.html`

/** Whether an address is part of our page. */
export function isOurs(address: string): boolean {
  return address.startsWith(`${ORIGIN}/`)
}
