import { expect, test } from 'vitest'
import type { Settings } from '#shared/schemas/settings'
import { createClosing, type ClosingAnswer } from '#main/electron/closing'

function closing(
  runs: number,
  onClose: Settings['onClose'],
  answer: ClosingAnswer = 'stay',
  remember = false,
) {
  const remembered: string[] = []
  let asked = 0
  const decide = createClosing({
    busyRuns: () => runs,
    onClose: () => onClose,
    ask: () => {
      asked++
      return Promise.resolve({ answer, remember })
    },
    remember: (kept) => Promise.resolve(remembered.push(kept)),
  })
  return { decide, remembered, asked: () => asked }
}

test('without a run nobody is asked, whatever the settings say', async () => {
  for (const onClose of ['ask', 'background', 'stop'] as const) {
    const { decide, asked } = closing(0, onClose)
    expect(await decide('close')).toBe('idle')
    expect(await decide('quit')).toBe('idle')
    expect(asked()).toBe(0)
  }
})

test.each([
  ['ask', 'close', 1],
  ['ask', 'quit', 1],
  ['background', 'close', 0],
  ['background', 'quit', 1],
  ['stop', 'close', 0],
  ['stop', 'quit', 0],
] as const)('with a run, kept answer %s and %s: asked %i times', async (onClose, how, times) => {
  const { decide, asked } = closing(2, onClose)
  expect(await decide(how)).toBe(times === 1 ? 'stay' : onClose)
  expect(asked()).toBe(times)
})

test('an answer is kept when the user wants that, but staying is none', async () => {
  const stop = closing(1, 'ask', 'stop', true)
  expect(await stop.decide('close')).toBe('stop')
  expect(stop.remembered).toEqual(['stop'])
  const stay = closing(1, 'ask', 'stay', true)
  await stay.decide('close')
  expect(stay.remembered).toEqual([])
  const once = closing(1, 'ask', 'background')
  await once.decide('close')
  expect(once.remembered).toEqual([])
})

test('one question at a time', async () => {
  const { decide, asked } = closing(1, 'ask', 'stop')
  expect(await Promise.all([decide('close'), decide('quit')])).toEqual(['stop', 'stay'])
  expect(asked()).toBe(1)
})
