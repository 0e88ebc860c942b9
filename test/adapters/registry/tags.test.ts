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

/** A registry whose pages do not end: each takes so long, and is so long. */
function endless({ ms = 0, padding = 0 }: { readonly ms?: number; readonly padding?: number }) {
  let passed = 0
  let pages = 0
  const http = createScriptedHttp({
    'https://registry.lan': () => {
      passed += ms
      pages += 1
      const text = JSON.stringify({ tags: [`t${pages}`], padding: 'x'.repeat(padding) })
      return { headers: { link: `<?last=t${pages}>; rel="next"` }, body: text }
    },
  })
  const registry = registryWith(http, null, () => passed)
  return { asked: registry.tags(name, signal), pages: () => pages }
}

describe('createTagLists()', () => {
  it('reads no further page after a minute, so that one list holds up nobody for longer', async () => {
    const { asked, pages } = endless({ ms: 1000 })
    await expect(asked).rejects.toMatchObject({
      code: 'registry',
      message: expect.stringContaining('did not come to an end within 60 s'),
      remedy: expect.stringContaining('next poll'),
    })
    expect(pages()).toBe(61)
  })

  it('reads no page after a thousand', async () => {
    const { asked, pages } = endless({})
    await expect(asked).rejects.toMatchObject({
      code: 'registry',
      message: expect.stringContaining('more than 1000 pages'),
    })
    expect(pages()).toBe(1000)
  })

  it('reads no more than 16 MiB of a list, however little stands in them', async () => {
    const { asked, pages } = endless({ padding: 1024 * 1024 })
    await expect(asked).rejects.toMatchObject({
      code: 'registry',
      message: expect.stringContaining('more than 16777216 bytes'),
    })
    expect(pages()).toBe(16)
  })

  it('takes as many of the longest tags as there may be', async () => {
    const tags = Array.from({ length: 100_000 }, (_, index) => `${index}-`.padEnd(128, 'x'))
    const [first, second] = [tags.slice(0, 50_000), tags.slice(50_000)]
    const registry = paged({
      '?n=1000': { body: body(...first), next: '?last=x' },
      '?last=x': { body: body(...second) },
    })
    expect(await registry.tags(name, signal)).toHaveLength(100_000)
  })

  it('reads a list of null as an empty one', async () => {
    const registry = paged({ '?n=1000': { body: '{"name":"team/app","tags":null}' } })
    expect(await registry.tags(name, signal)).toEqual([])
  })

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

it.each([
  [
    '127.0.0.1:5000',
    'http',
    'Where it speaks TLS: registries: {"127.0.0.1:5000": {plainHttp: false}} in the file that MD_CONFIG names',
  ],
  ['registry.lan', 'https', undefined],
])('tags() of %s tells of 400 over %s what may lie behind it', async (host, scheme, remedy) => {
  const http = createScriptedHttp({ [`${scheme}://${host}`]: () => ({ status: 400 }) })
  const asked = registryWith(http, null, () => 0).tags({ ...name, registry: host }, signal)
  await expect(asked).rejects.toMatchObject({
    code: 'protocol',
    message: expect.stringContaining(': the registry answered 400'),
    remedy,
  })
})
