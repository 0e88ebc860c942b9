import { describe, expect, it } from 'vitest'
import { placeOf, readWords } from '../../../src/adapters/compose/words.ts'

const inputs = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, text]) => ({
    path,
    mode: '100644' as const,
    content: Buffer.from(text),
  }))

const complaintOf = (said: string, env = '') =>
  readWords(said, inputs({ 'web/.env': env })).complaint

const warned = (message: string) =>
  `time="2026-11-23T15:36:10Z" level=warning msg="${message.replaceAll('"', '\\"')}"`

const unset = (name: string) => `The "${name}" variable is not set. Defaulting to a blank string.`

describe('readWords()', () => {
  // As Compose 2.26.1 says it.
  it.each([
    ['failed to read web/.env: line 2: unterminated quoted value "hunter2', 'unterminated'],
    ['line 4: unterminated quoted value "-----BEGIN KEY\nhunter2abc==', 'unterminated'],
    ['line 1: unexpected character "+" in variable name "hunter2+x"', 'unexpected character "+"'],
    ['line 1: unexpected character "+" in variable name near "hunter2+x\\n"', 'in variable name'],
    ['Invalid template: "${hunter2"', 'Invalid template'],
  ])('quotes no env file: %s', (said, kept) => {
    expect(complaintOf(said)).not.toContain('hunter2')
    expect(complaintOf(said)).toContain(kept)
    expect(complaintOf(said)).toContain('(not shown)')
  })

  it.each(['PORT=hunter2', 'export PORT="hunter2"', "PORT: 'hunter2'", '  PORT = hunter2  '])(
    'hides a value that an env file put into the stack: %s',
    (env) => {
      expect(complaintOf('Invalid hostPort: hunter2', env)).toBe('Invalid hostPort: (not shown)')
    },
  )

  it('keeps what is no secret: the last three lines, without warnings and traces', () => {
    const said = ['one', 'two', warned(unset('X')), 'three', '  at somewhere', 'four', ''].join(
      '\n',
    )
    expect(complaintOf(said, '# two\nA=on\n\nB=\n')).toBe('two; three; four')
  })

  it('names a variable that a compose file refers to, and none that half a password makes', () => {
    const files = inputs({
      'web/compose.yaml': 'services: {a: {image: "x:${TAG}", command: $CMD}}',
      'web/app.env': 'PASSWORD=correct$horse\n',
    })
    const { warnings } = readWords(
      ['TAG', 'TAG', 'CMD', 'horse'].map(unset).map(warned).join('\n'),
      files,
    )
    expect(warnings).toHaveLength(3)
    expect(warnings.slice(0, 2)).toEqual([unset('TAG'), unset('CMD')])
    expect(warnings[2]).toMatch(/^A variable in an env file is not set/)
    expect(warnings.join()).not.toContain('horse')
  })
})

describe('placeOf()', () => {
  it.each([
    ['failed to read web/.env: line 2: key cannot contain a space', { file: 'web/.env', line: 2 }],
    ['parsing web/compose.yaml: yaml: line 3', { file: 'web/compose.yaml', line: 3 }],
    ['web/compose.yaml: services.a must be a mapping', { file: 'web/compose.yaml' }],
    // Of which file it does not say.
    ['line 2: key cannot contain a space', { file: 'web/compose.yaml' }],
    ['open web/.env.local: line 1', { file: 'web/.env.local', line: 1 }],
  ])('of %s', (said, place) => {
    const read = inputs({ 'web/compose.yaml': '', 'web/.env': '', 'web/.env.local': '' })
    expect(placeOf(said, ['web/compose.yaml'], read)).toEqual(place)
  })
})
