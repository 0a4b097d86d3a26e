import { expect, it } from 'vitest'
import { ErrorCode } from '#shared/errors'
import { presets } from '#shared/presets'
import { offerFor, remedyOf } from '../../../../src/renderer/src/components/live-run/failure.ts'
import { messages } from '../../../../src/renderer/src/messages/messages.ts'

it('one thing is offered for every failure, and it is worded', () => {
  const { paper } = presets
  for (const code of ErrorCode.options) {
    expect(['resume', 'half-batch', 'half-rate']).toContain(offerFor(code, paper).kind)
    expect(messages.liveRun.failure.todos[remedyOf(code)]).not.toBe('')
  }
  expect(offerFor('out-of-memory', paper)).toEqual({ kind: 'half-batch', batch: 2 })
  expect(offerFor('diverged', paper)).toEqual({ kind: 'half-rate', rate: 0.00175 })
  expect(offerFor('engine-unavailable', paper)).toEqual({ kind: 'resume' })
})

it('a batch of one is not halved', () => {
  const { search, train, ...rest } = presets.paper
  const config = { ...rest, search: { ...search, batchSize: 1 }, train: { ...train, batchSize: 1 } }
  expect(offerFor('out-of-memory', config)).toEqual({ kind: 'resume' })
})
