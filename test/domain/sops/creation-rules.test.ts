import { expect, test } from 'vitest'
import { readCreationRules, ruleFor } from '../../../src/domain/sops/creation-rules.ts'

test.each([
  ['secrets/db.yaml', 2],
  ['a/secrets/db.yaml', 2],
  ['prod.env', 4],
  ['plain.yaml', null],
  ['notes.env.md', null],
])('ruleFor() has %s encrypted by the rule at line %j', (path, line) => {
  const text = String.raw`creation_rules:
  - path_regex: secrets/.*\.yaml$
    age: age1x
  - { path_regex: '\.env$', age: age1x }
  - age: age1x
  - path_regex: plain
`
  const read = readCreationRules(text)
  expect(read.outcome === 'read' && (ruleFor(read.rules, path)?.line ?? null)).toBe(line)
})

test.each(['', 'stores: {yaml: {indent: 2}}\n', 'creation_rules: {}\n', 'creation_rules: [1]\n'])(
  'readCreationRules() reads no rule from %j',
  (text) => {
    expect(readCreationRules(text)).toEqual({ outcome: 'read', rules: [] })
  },
)

test.each([
  ['creation_rules: [\n', 2],
  ['creation_rules:\n  - path_regex: (?=a)\n', 2],
])('readCreationRules() says where %j cannot be read', (text, line) => {
  expect(readCreationRules(text)).toMatchObject({ outcome: 'unreadable', line })
})
