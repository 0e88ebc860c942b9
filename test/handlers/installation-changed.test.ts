import { describe, expect, it } from 'vitest'
import { installationChanged } from '../../handlers/installation-changed.ts'
import type { InstallationState } from '../../src/ports.ts'
import { createWorld, signal } from './world.ts'

const event = { kind: 'installation-changed' } as const

describe('installationChanged()', () => {
  it('looks at everything anew when the App is ready', async () => {
    const { result } = await handle({ outcome: 'ready' })
    const origin = { source: 'own' }
    expect(result).toEqual({
      answer: { outcome: 'ready' },
      followUps: [
        { event: { kind: 'image-published', repositories: 'all' }, origin },
        { event: { kind: 'revision-pushed' }, origin },
      ],
      next: 'done',
    })
  })

  it.each(['missing', 'suspended', 'underprivileged'] as const)(
    'logs what is wrong with its remedy when it is %s, and does nothing',
    async (outcome) => {
      const state = { outcome, reason: 'no write to contents', remedy: 'Grant it' } as const
      const { result, lines } = await handle(state)
      expect(result).toEqual({ answer: state, followUps: [], next: 'done' })
      expect(lines).toEqual([
        {
          level: 'error',
          fields: { remedy: 'Grant it' },
          message: `GitHub App is ${outcome}: no write to contents`,
        },
      ])
    },
  )

  it('says what may stop commits, and goes on', async () => {
    const warning = { reason: '"main" is protected', remedy: 'Bypass it' }
    const { result, lines } = await handle({ outcome: 'ready', warning })
    expect(result.followUps).toHaveLength(2)
    expect(lines[0]).toEqual({
      level: 'warn',
      fields: { remedy: 'Bypass it' },
      message: 'Branch: "main" is protected',
    })
  })

  it('means nothing where there is no GitHub', async () => {
    const { ctx, lines } = createWorld({})
    expect(await installationChanged(ctx, event, signal)).toEqual({
      answer: null,
      followUps: [],
      next: 'done',
    })
    expect(lines).toEqual([])
  })
})

async function handle(state: InstallationState) {
  const { ctx, lines } = createWorld({})
  const installation = { state: async () => state }
  return { result: await installationChanged({ ...ctx, installation }, event, signal), lines }
}
