import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fields, text, type Fields, type Node } from '../../lab/sops/encrypt.ts'
import { encryptedFile, outcomeOf, type WrittenFormat } from '../../lab/sops/open.ts'

const values = fields(
  ['user', text('admin')],
  ['db', fields(['password', text('correct horse')], ['port', { type: 'int', text: '5432' }])],
  ['list', [text('one'), text('two'), { type: 'bool', text: 'True' }, null]],
  ['note_unencrypted', text('clear')],
)
const sections = fields(['db', fields(['user', text('admin')], ['password', text('horse')])])
const flat = fields(['USER', text('admin')], ['PASSWORD', text('horse')], ['LEVEL', text('7')])

const files: readonly (readonly [WrittenFormat, Fields])[] = [
  ['yaml', values],
  ['json', values],
  ['dotenv', flat],
  ['ini', sections],
]

/** Refusals of SOPS's own; anything else that is thrown is a bug, and fails the test. */
const refused = /^(?:bad-metadata|unencrypted-value|corrupt-value|mac-missing|mac-mismatch): /

describe('a file of which one byte is another', () => {
  test.each(files)('%s is refused or opens to the same', (format, plain) => {
    const file = Buffer.from(encryptedFile(format, plain))
    const whole = outcomeOf(file, format)
    expect(whole).not.toMatch(refused)
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(file)
        changed[at] = (changed[at] ?? 0) ^ flip
        const outcome = outcomeOf(changed, format)
        // the name and the value of a clear key are covered apart from each other: see limits
        const opened = refused.test(outcome) ? whole : outcome
        expect(withoutClearKey(opened)).toBe(withoutClearKey(whole))
      }),
      { numRuns: 300 },
    )
  })

  /** Every byte of it, one bit each; a whole value can hide from chance. */
  test.each(files)('%s does so at every byte of a value, its key, and the MAC', (format, plain) => {
    const file = Buffer.from(encryptedFile(format, plain))
    const whole = withoutClearKey(outcomeOf(file, format))
    const octets = file.toString('latin1')
    const spans = [...octets.matchAll(/["\w ]+"?(?::| =|=) *"?ENC\[[^\]]*\]/g)]
    expect(spans.length).toBeGreaterThan(2)
    for (const { index, 0: span } of spans) {
      for (let at = index; at < index + span.length; at += 1) {
        const changed = Buffer.from(file)
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 7))
        const outcome = outcomeOf(changed, format)
        expect(refused.test(outcome) ? whole : withoutClearKey(outcome)).toBe(whole)
      }
    }
  })
})

function withoutClearKey(outcome: string): string {
  return outcome.replace(/"[^"]*": ("clear")/, '$1')
}

describe('a file that is anything at all', () => {
  test.each(['yaml', 'json', 'dotenv', 'ini', 'binary'] as const)('is refused as %s', (format) => {
    const piece = fc.constantFrom(
      'sops',
      ': ',
      '\n',
      '{',
      '}',
      '[',
      ']',
      '"',
      '- ',
      '#',
      '=',
      '&a ',
      '*a ',
      '? ',
      '|',
      '\\',
      'ENC[',
      ',',
      '  ',
      '__list_0',
      "'",
      '!!binary ',
      '---\n',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        expect(outcomeOf(pieces.join(''), format)).toMatch(refused)
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['yaml', '['.repeat(100_000)],
    ['yaml', '{a: '.repeat(20_000)],
    ['yaml', `a:\n${Array.from({ length: 2000 }, (_, n) => `${' '.repeat(n + 1)}a:\n`).join('')}`],
    ['json', '['.repeat(100_000)],
    ['json', '{"a":'.repeat(100_000)],
    ['dotenv', `sops_${'__map_a'.repeat(50_000)}=1`],
    ['ini', `[s]\na = ${'\\\n'.repeat(100_000)}`],
  ] as const)('%s does not exhaust the stack (%#)', (format, content) => {
    expect(outcomeOf(content, format)).toMatch(/^bad-metadata: /)
  })

  test.each([
    ['flow mappings', `${'{a: '.repeat(3000)}1${'}'.repeat(3000)}`],
    ['flow lists', `a: ${'['.repeat(3000)}1${']'.repeat(3000)}`],
    ['block lists', `a:\n  ${'- '.repeat(3000)}1`],
  ])('YAML that is whole and nests too deep is refused as that: %s', (_title, content) => {
    expect(outcomeOf(content, 'yaml')).toContain('it nests deeper than')
  })

  test('multiplies no values by its aliases', () => {
    const bomb = `a0: &a0 [x, x]\n${Array.from({ length: 40 }, (_, n) => level(n + 1)).join('')}`
    expect(outcomeOf(bomb, 'yaml')).toContain('its aliases repeat more than 100000 values')
    expect(outcomeOf('a: &a [*a]', 'yaml')).toContain('an anchor contains itself')
    expect(outcomeOf('a: *b', 'yaml')).toContain('an alias has no anchor before it')
  })
})

function level(n: number): string {
  return `a${n}: &a${n} [${`*a${n - 1}, `.repeat(9)}*a${n - 1}]\n`
}

describe('values of any shape', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }).map((value): Node => text(value)),
    fc.maxSafeInteger().map((value): Node => ({ type: 'int', text: String(value) })),
    fc.boolean().map((value): Node => ({ type: 'bool', text: value ? 'True' : 'False' })),
    fc.constant(null),
  )
  const { tree } = fc.letrec<{ tree: Node; map: Node }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, leaf, tie('map'), fc.array(tie('tree'), { maxLength: 4 })),
    map: fc
      .uniqueArray(fc.tuple(fc.string({ maxLength: 8 }), tie('tree')), {
        selector: ([key]) => key,
        maxLength: 4,
      })
      .map((entries): Node => ({ fields: entries })),
  }))

  test('open to themselves, in YAML and in JSON, and print YAML that reads the same', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const document = fields(['root', node])
        const opened = outcomeOf(encryptedFile('json', document), 'json')
        expect(JSON.parse(opened)).toEqual({ root: toJson(node) })
        expect(outcomeOf(encryptedFile('yaml', document), 'yaml')).toBe(opened)
      }),
      { numRuns: 150 },
    )
  })
})

function toJson(node: Node): unknown {
  if (node === null) return null
  if ('fields' in node) {
    const entries = node.fields.flatMap((entry) => ('remark' in entry ? [] : [entry]))
    return Object.fromEntries(entries.map(([key, value]) => [key, toJson(value)]))
  }
  if (!('type' in node)) {
    return node.flatMap((item) => (item !== null && 'remark' in item ? [] : [toJson(item)]))
  }
  if (node.type === 'int') return Number(node.text)
  return node.type === 'bool' ? node.text === 'True' : Buffer.from(node.text).toString()
}
