import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Scanned } from '../../../src/adapters/registry/scanned-tags.ts'
import { createTagScanner } from '../../../src/adapters/registry/tag-scanner.ts'

/** The body, given in pieces that end there. */
function scan(
  body: string | Uint8Array,
  ends: readonly number[] = [],
  known: readonly string[] = [],
) {
  const bytes = Buffer.from(body)
  const scanner = createTagScanner(known, 1000)
  const cuts = [...new Set([0, ...ends.map((end) => end % (bytes.length + 1)), bytes.length])]
  const inOrder = cuts.toSorted((a, b) => a - b)
  for (const [index, from] of inOrder.entries())
    scanner.take(bytes.subarray(from, inOrder[index + 1]))
  return scanner.end()
}

/** The same by the engine's own reader of JSON. */
function readWhole(body: string): readonly string[] {
  const { tags }: { readonly tags: readonly string[] | null } = JSON.parse(body)
  return tags ?? []
}

function tagsIn(scanned: Scanned): readonly string[] | string {
  return scanned.kind === 'tags' ? scanned.tags : scanned.kind
}

const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/)
const tagLists = fc.option(fc.array(tag, { maxLength: 30 }))
const besides = fc.dictionary(
  fc.string().filter((key) => key !== 'tags' && key !== '__proto__'),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 4 },
)

describe('createTagScanner()', () => {
  it('end() has the tags that stand in the body, whatever stands beside them and wherever it was cut', () => {
    fc.assert(
      fc.property(
        tagLists,
        besides,
        besides,
        fc.constantFrom(0, 1, 3),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.array(tag, { maxLength: 5 }),
        (tags, before, behind, indent, ends, known) => {
          const body = JSON.stringify({ ...before, tags, ...behind }, null, indent)
          expect(tagsIn(scan(body, ends, known))).toEqual(readWhole(body))
        },
      ),
    )
  })

  it('end() returns the known list itself exactly where the same tags came', () => {
    fc.assert(
      fc.property(
        fc.array(tag, { maxLength: 12 }),
        fc.array(tag, { maxLength: 12 }),
        fc.nat(12),
        fc.array(fc.nat(), { maxLength: 6 }),
        (known, others, shared, ends) => {
          const tags = [...known.slice(0, shared), ...others]
          const scanned = tagsIn(scan(JSON.stringify({ tags }), ends, known))
          const isSame = JSON.stringify(tags) === JSON.stringify(known)
          expect(scanned === known).toBe(isSame)
          expect(scanned).toEqual(tags)
        },
      ),
    )
  })

  it('take() throws for no bytes, and end() for none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat()), (bytes, ends) => {
        const body = Buffer.concat([Buffer.from('{"tags":["a"'), bytes])
        for (const text of [bytes, body]) {
          expect(['tags', 'no-json', 'no-list', 'no-tag', 'too-many']).toContain(
            scan(text, ends).kind,
          )
        }
      }),
    )
  })

  const bodies: readonly (readonly [string, string | readonly string[]])[] = [
    ['{"tags":[]}', []],
    ['{"tags":null}', []],
    [' { "name" : "a" ,\r\n\t"tags"   :   [ "a" , "b" ] } ', ['a', 'b']],
    ['{"tags":["\\u0061b"]}', ['ab']],
    ['{"tags":["a"],"tags":["b"]}', ['b']],
    ['{"tags":["a"],"tags":null}', []],
    ['{"x":{"tags":["a"]},"tags":["b"]}', ['b']],
    ['{"x":"\\"tags\\":[","tags":["b"]}', ['b']],
    ['{"x":[[{"y":"]}"}],[]],"tags":["b"],"z":{"a":["["]}}', ['b']],
    [`{"x":"${'\\"'.repeat(2000)}","tags":["b"]}`, ['b']],
    [`{"tags":["${'x'.repeat(128)}"]}`, ['x'.repeat(128)]],
    ['', 'no-json'],
    ['<html>', 'no-json'],
    ['{"tags":["a"]', 'no-json'],
    ['{"tags":["a"', 'no-json'],
    ['{"tags":["a', 'no-json'],
    ['{"tags":["a"],"x":[1}', 'no-json'],
    ['{"tags":["a"]}}', 'no-json'],
    ['{"tags":["a"]} {}', 'no-json'],
    ['{"tags":["a"],}', 'no-json'],
    ['{"tags":["a",]}', 'no-json'],
    ['{"tags":["a" "b"]}', 'no-json'],
    ['{"tags":[,"a"]}', 'no-tag'],
    ['{"tags":["a"],"x":1 2}', 'no-json'],
    ['\ufeff{"tags":["a"]}', 'no-json'],
    [`{"tags":["a"],${'"x":1,'.repeat(20_000)}"y":1}`, 'no-json'],
    ['[]', 'no-list'],
    ['["tags",["a"]]', 'no-list'],
    ['"tags"', 'no-list'],
    ['null', 'no-list'],
    ['{}', 'no-list'],
    ['{"tags":{"a":"b"}}', 'no-list'],
    ['{"tags":"a"}', 'no-list'],
    ['{"tags":[1]}', 'no-tag'],
    ['{"tags":[null]}', 'no-tag'],
    ['{"tags":[["a"]]}', 'no-tag'],
    ['{"tags":[""]}', 'no-tag'],
    ['{"tags":["a b"]}', 'no-tag'],
    ['{"tags":["ä"]}', 'no-tag'],
    ['{"tags":["a\\"b"]}', 'no-tag'],
    ['{"tags":["\\u001b[31m"]}', 'no-tag'],
    [`{"tags":["${'x'.repeat(129)}"]}`, 'no-tag'],
    [`{"tags":["${'x'.repeat(5000)}`, 'no-tag'],
    [JSON.stringify({ tags: Array.from({ length: 1001 }, (_, index) => `t${index}`) }), 'too-many'],
  ]
  for (const [body, expected] of bodies) {
    it(`end() reads ${JSON.stringify(body.slice(0, 60))}`, () => {
      const everywhere = Array.from({ length: Math.min(body.length, 200) }, (_, index) => index)
      expect(tagsIn(scan(body))).toEqual(expected)
      expect(tagsIn(scan(body, everywhere))).toEqual(expected)
    })
  }

  it('end() tells of the bytes that came', () => {
    expect(scan('{"tags":["a"]}  ', [3, 9])).toMatchObject({ bytes: 16 })
  })
})
