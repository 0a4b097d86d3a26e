import { describe, expect, it } from 'vitest'
import {
  PAGE_SIZE,
  pagesOf,
  pagesToForget,
} from '../../../../src/renderer/src/components/data/image-pages.ts'

describe('portions of images', () => {
  it('are those that hold what is on screen', () => {
    expect(pagesOf(0, PAGE_SIZE - 1)).toEqual([0])
    expect(pagesOf(PAGE_SIZE - 1, PAGE_SIZE)).toEqual([0, 1])
  })

  it('are forgotten when far, so that scrolling through everything holds little', () => {
    const held = new Set<number>()
    let most = 0
    for (let first = 0; first < 100_000; first += 40) {
      for (const page of pagesToForget(held, first, first + 60)) held.delete(page)
      for (const page of pagesOf(first, first + 60)) held.add(page)
      most = Math.max(most, held.size)
    }
    expect(most).toBeLessThanOrEqual(5)
    expect(held.has(Math.floor(99_990 / PAGE_SIZE))).toBe(true)
  })
})
