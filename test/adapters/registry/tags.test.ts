import { describe, expect, it } from 'vitest'
import type { Registry } from '../../../src/ports.ts'
import { registryWith } from './fixtures.ts'
import { createScriptedHttp } from './scripted-http.ts'

const name = { registry: 'registry.lan', repository: 'team/app' }
const { signal } = new AbortController()

/** A registry that answers with these pages, one query each. */
function paged(pages: Record<string, { readonly body: string; readonly next?: string }>): Registry {
  const http = createScriptedHttp({
    'https://registry.lan': ({ target }) => {
      const [, query = ''] = target.path.split(/(?=\?)/)
      const page = pages[query]
      if (page === undefined) throw new Error(`Nobody wrote page ${query}`)
      const link = page.next === undefined ? {} : { link: `<${page.next}>; rel="next"` }
      return { headers: link, body: page.body }
    },
  })
  return registryWith(http, null, () => 0)
}

function body(...tags: readonly string[]): string {
  return JSON.stringify({ name: 'team/app', tags })
}

describe('createTagLists()', () => {
  it('returns the very same list while every page says what it said', async () => {
    const registry = paged({
      '?n=1000': { body: body('1', '2'), next: '?last=2' },
      '?last=2': { body: body('2', '3') },
    })
    const first = await registry.tags(name, signal)
    expect(first).toEqual(['1', '2', '3'])
    expect(await registry.tags(name, signal)).toBe(first)
  })

  const changes: readonly (readonly [string, Parameters<typeof paged>[0], readonly string[]])[] = [
    [
      'the first page changed',
      { '?n=1000': { body: body('1', '4'), next: '?last=2' }, '?last=2': { body: body('3') } },
      ['1', '4', '3'],
    ],
    [
      'the last page changed',
      { '?n=1000': { body: body('1', '2'), next: '?last=2' }, '?last=2': { body: body('4') } },
      ['1', '2', '4'],
    ],
    ['there are fewer pages', { '?n=1000': { body: body('1', '2') } }, ['1', '2']],
    [
      'there are more pages',
      {
        '?n=1000': { body: body('1', '2'), next: '?last=2' },
        '?last=2': { body: body('3'), next: '?last=3' },
        '?last=3': { body: body('4') },
      },
      ['1', '2', '3', '4'],
    ],
    [
      'a page of the same bytes leads elsewhere',
      { '?n=1000': { body: body('1', '2'), next: '?last=x' }, '?last=x': { body: body('5') } },
      ['1', '2', '5'],
    ],
  ]
  for (const [title, changed, tags] of changes) {
    it(`reads anew what changed: ${title}`, async () => {
      const pages: Parameters<typeof paged>[0] = {
        '?n=1000': { body: body('1', '2'), next: '?last=2' },
        '?last=2': { body: body('3') },
      }
      const registry = paged(pages)
      expect(await registry.tags(name, signal)).toEqual(['1', '2', '3'])
      Object.assign(pages, changed)
      expect(await registry.tags(name, signal)).toEqual(tags)
    })
  }

  it('keeps the lists of repositories apart, even where their answers are the same', async () => {
    const registry = paged({ '?n=1000': { body: body('1') } })
    const one = await registry.tags(name, signal)
    const other = await registry.tags({ ...name, repository: 'team/other' }, signal)
    expect(other).toEqual(one)
    expect(other).not.toBe(one)
  })

  it('forgets the oldest lists when there are too many bytes to remember', async () => {
    const large = body(
      ...Array.from({ length: 60_000 }, (_, index) => `${index}-`.padEnd(120, 'x')),
    )
    const registry = paged({ '?n=1000': { body: large } })
    const first = await registry.tags(name, signal)
    await registry.tags({ ...name, repository: 'team/b' }, signal)
    await registry.tags({ ...name, repository: 'team/c' }, signal)
    const again = await registry.tags(name, signal)
    expect(again).toEqual(first)
    expect(again).not.toBe(first)
  })
})
