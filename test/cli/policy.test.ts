import { describe, expect, it } from 'vitest'
import { policyCommand } from '../../src/cli/policy.ts'
import { recordingIo } from './recording-io.ts'

const files = {
  '-': '1.2.3\n1.3.0\n',
  'tags.txt': '\uFEFF  1.2.3\t\r\n\r\n \n1.3.0-rc.1\n2.0.0\n1.2.4',
}

describe('policyCommand() in JSON', () => {
  it('prints one document by the contract', async () => {
    const io = recordingIo('json', { files })
    expect(await policyCommand(io, { policy: 'semver', current: '1.2.3', tags: '-' })).toBe(0)
    expect(JSON.parse(io.stdout())).toEqual({
      outcome: 'update',
      tag: '1.3.0',
      reason: expect.any(String),
      considered: [
        { tag: '1.3.0', verdict: 'chosen', reason: expect.any(String) },
        { tag: '1.2.3', verdict: 'eligible', reason: expect.any(String) },
      ],
    })
    expect(io.stderr()).toBe('')
  })

  it('skips blank lines and cuts blanks around a tag', async () => {
    const io = recordingIo('json', { files })
    const options = { policy: 'semver', current: '1.2.3', tags: 'tags.txt', range: '^1' }
    expect(await policyCommand(io, options)).toBe(0)
    const { tag, considered } = JSON.parse(io.stdout())
    expect(tag).toBe('1.2.4')
    expect(considered.map((one: { tag: string }) => one.tag)).toEqual([
      '1.2.4',
      '1.2.3',
      '1.3.0-rc.1',
      '2.0.0',
    ])
  })

  it.each([
    [{ current: '1.2.3', prerelease: true, range: '^1' }, 0, 'update', '1.3.0-rc.1'],
    [{ current: '1.2.3', exclude: '4$|^2' }, 0, 'current', '1.2.3'],
    [{ current: '1.2.3', include: '4$|3$' }, 0, 'update', '1.2.4'],
    [{ current: '1.2.3', extract: '(?P<version>.+)4$' }, 0, 'current', '1.2.3'],
    [{ current: '1.0.0' }, 1, 'hold', null],
    [{ current: 'stable' }, 1, 'hold', null],
    [{ current: '1.2.3', maxJump: '0' }, 0, 'update', '1.2.4'],
    [{ current: '1.2.3', ignore: ['2.0.0', '1.2.4'] }, 0, 'current', '1.2.3'],
    [{ current: '1.2.2', missing: 'proceed' }, 0, 'update', '2.0.0'],
    [{ policy: 'numeric', current: '1.2.3' }, 0, 'update', '2.0.0'],
    [{ policy: 'calver', current: '1.2.3' }, 1, 'hold', null],
    [{ policy: 'latest', tag: '1.2.4', current: '1.2.4' }, 0, 'current', '1.2.4'],
    [{}, 0, 'update', '2.0.0'],
    [{ range: '^7' }, 0, 'none', null],
    [{ policy: 'latest' }, 1, 'hold', null],
    [{ policy: 'digest', current: '1.2.4' }, 0, 'current', '1.2.4'],
    [{ policy: 'digest', current: '1.2' }, 1, 'hold', null],
  ])('answers %j with %i, %s, %j', async (options, exit, outcome, tag) => {
    const io = recordingIo('json', { files })
    expect(await policyCommand(io, { policy: 'semver', tags: 'tags.txt', ...options })).toBe(exit)
    expect(JSON.parse(io.stdout())).toMatchObject({ outcome, tag })
  })

  it('ignores what else a parser of command lines puts beside the flags', async () => {
    const io = recordingIo('json', { files })
    const options = { policy: 'semver', current: '1.2.3', tags: '-', json: true, range: undefined }
    // @ts-expect-error a flag that was not given may stand there as undefined
    expect(await policyCommand(io, options)).toBe(0)
  })
})

describe('policyCommand() in text', () => {
  it('prints the answer, then a table of every tag', async () => {
    const io = recordingIo('text', { files, columns: 60 })
    await policyCommand(io, { policy: 'semver', current: '1.2.3', tags: '-' })
    expect(io.stdout()).toBe(
      [
        'update: 1.3.0',
        '"1.3.0" is the newest that fits above "1.2.3"',
        '',
        'TAG    VERDICT   WHY',
        '1.3.0  chosen    it is the newest that fits',
        '1.2.3  eligible  it is the committed tag',
        '',
      ].join('\n'),
    )
  })

  it('prints no table for an empty list', async () => {
    const io = recordingIo('text', { files: { '-': '\n' } })
    expect(await policyCommand(io, { policy: 'semver', current: '1.2.3', tags: '-' })).toBe(1)
    expect(io.stdout()).toMatch(/^hold\n[^\n]+\n$/)
  })

  it('writes no escape sequence of a registry to the terminal', async () => {
    const io = recordingIo('text', { files: { '-': '1.2.3\n\u001B]0;x\u0007\n' } })
    await policyCommand(io, { policy: 'semver', current: '1.2.3', tags: '-' })
    expect(io.stdout()).toContain('\\u{1b}]0;x\\u{7}')
    expect(io.stdout()).not.toContain('\u001B')
  })
})

describe('policyCommand()', () => {
  it.each([
    [{ policy: 'cal' }, 'policy', /"cal"/],
    [{ policy: 'calver', range: '^1' }, 'policy', /belongs to policy "semver"/],
    [{ policy: 'semver', range: '>=1, <2' }, 'policy', /commas/],
    [{ policy: 'semver', maxJump: 'x' }, 'policy', /"maxJump"/],
    [{ policy: 'semver', include: '(?!x)' }, 'policy', /"include"/],
    [{ policy: 'latest', range: '*' }, 'policy', /belongs to policy "semver"/],
    [{ policy: 'semver', tags: 'none.txt' }, 'usage', /none\.txt/],
  ])('throws for %j and prints nothing', async (options, code, message) => {
    const io = recordingIo('json', { files })
    await expect(policyCommand(io, { tags: '-', ...options })).rejects.toMatchObject({
      name: 'MagosError',
      code,
      message: expect.stringMatching(message),
    })
    expect(io.stdout()).toBe('')
  })
})
