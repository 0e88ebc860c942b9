import { expect, it } from 'vitest'
import { started } from '../../handlers/steps/start-stopped.ts'

it('started() goes before whatever else a kept service is told', () => {
  const kept = { name: 'web', action: 'keep', reasons: ['nothing about it changed'] } as const
  expect(started(kept, 'container a exited with 1')).toEqual({
    name: 'web',
    action: 'keep',
    and: ['start'],
    reasons: ['container a exited with 1: it is started'],
  })
  const told = { ...kept, and: ['signal HUP'], reasons: ['a file changed'] } as const
  expect(started(told, 'container a exited with 1')).toEqual({
    name: 'web',
    action: 'keep',
    and: ['start', 'signal HUP'],
    reasons: ['container a exited with 1: it is started', 'a file changed'],
  })
})
