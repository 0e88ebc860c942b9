import { describe, expect, test } from 'vitest'
import type { Origin } from '../../src/domain/event.ts'
import { carriedOrigin, originText, tellingOrigin } from '../../src/domain/origin.ts'

const delivered: Origin = {
  source: 'webhook',
  event: 'registry_package',
  action: 'published',
  image: 'ghcr.io/o/app:1.1.0',
  delivery: 'd-1',
}

describe('tellingOrigin()', () => {
  test('prefers a person, then a delivery, then the first', () => {
    const [start, poll, person] = [
      { source: 'start' },
      { source: 'poll' },
      { source: 'operator' },
    ] as const
    expect(tellingOrigin([])).toBeNull()
    expect(tellingOrigin([start, poll])).toBe(start)
    expect(tellingOrigin([poll, delivered])).toBe(delivered)
    expect(tellingOrigin([delivered, person])).toBe(person)
  })
})

describe('carriedOrigin()', () => {
  test('names our commit and keeps what it came from', () => {
    expect(carriedOrigin([], 'c1')).toEqual({ source: 'own', ref: 'c1' })
    expect(carriedOrigin([{ source: 'poll' }, delivered], 'c1')).toEqual({
      ...delivered,
      source: 'own',
      ref: 'c1',
    })
  })
})

describe('originText()', () => {
  test.each<[Origin | null, string]>([
    [null, 'unknown'],
    [{ source: 'poll' }, 'the poll'],
    [delivered, 'a webhook (registry_package published, of ghcr.io/o/app:1.1.0, delivery d-1)'],
    [
      { source: 'webhook', event: 'push', ref: 'refs/heads/main' },
      'a webhook (push, refs/heads/main)',
    ],
    [{ source: 'own', ref: 'c'.repeat(40) }, `a commit of Magos (commit ${'c'.repeat(12)})`],
  ])('tells %j', (origin, text) => {
    expect(originText(origin)).toBe(text)
  })
})
