import { describe, expect, test } from 'vitest'
import type { Handled } from '../../handlers/context.ts'
import { createLiveValues } from '../../src/adapters/log/live-values.ts'
import { createRedactor } from '../../src/adapters/log/redact.ts'
import { MagosError } from '../../src/domain/error.ts'
import { redactHandled, redactHistory } from '../../src/main/redact-answers.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'

const live = createLiveValues(['planted'])
const redact = createRedactor(() => live.all())
const signal = new AbortController().signal
const event = { kind: 'revision-pushed' } as const

describe('redactHandled()', () => {
  test('redactHandled() takes values out of what is told, and leaves names as they are', async () => {
    const handled: Handled = {
      answer: {
        stack: 'planted',
        deployments: [
          { stack: 'planted', reason: 'cannot planted', services: [{ reasons: ['planted'] }] },
        ],
        error: { code: 'stack', message: 'planted', remedy: 'planted' },
      },
      followUps: [
        {
          event: {
            kind: 'report-due',
            report: {
              kind: 'status',
              commit: 'planted',
              context: 'magos/planted',
              state: 'failure',
              description: 'planted',
            },
          },
          origin: { source: 'own' },
        },
      ],
      next: 'done',
    }
    const { answer, followUps } = await redactHandled(async () => handled, redact)(
      event,
      [],
      signal,
    )
    expect(answer).toEqual({
      stack: 'planted',
      deployments: [
        { stack: 'planted', reason: 'cannot [redacted]', services: [{ reasons: ['[redacted]'] }] },
      ],
      error: { code: 'stack', message: '[redacted]', remedy: '[redacted]' },
    })
    expect(followUps[0]?.event).toMatchObject({
      report: { commit: 'planted', context: 'magos/planted', description: '[redacted]' },
    })
  })

  test('redactHandled() takes them out of errors, and keeps code, place and time', async () => {
    const place = { file: 'planted', line: 3 }
    const error = new MagosError('rate-limit', 'planted', { place, remedy: 'planted', retryAt: 7 })
    const failing = redactHandled(() => Promise.reject(error), redact)
    await expect(failing(event, [], signal)).rejects.toMatchObject({
      code: 'rate-limit',
      message: '[redacted]',
      remedy: '[redacted]',
      place,
      retryAt: 7,
    })
  })

  test('redactHandled() throws an error that tells nothing as it is', async () => {
    const error = new MagosError('stack', 'plain')
    await expect(
      redactHandled(() => Promise.reject(error), redact)(event, [], signal),
    ).rejects.toBe(error)
  })
})

describe('redactHistory()', () => {
  test('redactHistory() remembers no value', () => {
    const { history } = openMemoryStore({ now: () => 1 })
    const safe = redactHistory(history, redact)
    const id = safe.begin({ stack: 's', commit: 'c', inputs: 'i', at: 1 })
    const failed = { stack: 's', commit: 'c', inputs: 'i', at: 2, retry: 'when-changed' } as const
    const restoring = { restored: 'none', restoring: 'planted' } as const
    safe.fail(id, { ...failed, ...restoring, reason: 'planted', words: 'web: planted' })
    safe.restore('s', { restored: 'failed', restoring: 'again planted' })
    expect(JSON.stringify([history.failed('s'), history.deployments(9)])).not.toContain('planted')
  })
})

describe('createLiveValues()', () => {
  test('createLiveValues() grows by what is new, and by no common word', () => {
    const values = createLiveValues(['configured'])
    const before = values.all()
    values.add(['configured', 'true', 'null'])
    expect(values.all()).toBe(before)
    values.add(['fresh', 'fresh'])
    expect(values.all()).toEqual(['configured', 'fresh'])
  })
})
