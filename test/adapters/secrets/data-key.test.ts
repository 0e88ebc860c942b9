import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { openDataKey } from '../../../src/adapters/secrets/data-key.ts'
import type { KeyGroups, Recipient } from '../../../src/domain/sops/metadata.ts'
import { identities, identitiesOf, vectorText } from './keys.ts'

const signal = new AbortController().signal

interface Entry {
  readonly recipient: string
  readonly enc: string
}

/** The recipients of a YAML vector, read by another way than the code's. */
function groupsOf(file: string): KeyGroups {
  const { sops } = parse(vectorText(file))
  const groups = sops.key_groups?.map((group: { age: readonly Entry[] }) => age(group.age))
  return { groups: groups ?? [age(sops.age)], threshold: sops.shamir_threshold ?? null }
}

function age(entries: readonly Entry[]): readonly Recipient[] {
  return entries.map(({ recipient, enc }) => ({ kind: 'age', recipient, enc }))
}

const twoOfThree = groupsOf('encrypted/shamir-2-of-3.yaml')
const [firstGroup = [], secondGroup = []] = twoOfThree.groups
const plain = groupsOf('encrypted/recipients-three.yaml')

describe('openDataKey()', () => {
  test.each([
    ['recipient-pq.yaml', ['post-quantum.txt']],
    ['recipient-ssh-ed25519.yaml', ['ssh_ed25519']],
    ['recipient-ssh-rsa.yaml', ['ssh_rsa']],
    ['recipients-three.yaml', ['main.txt']],
    ['recipients-second.yaml', ['second.txt']],
    ['recipients-mixed.yaml', ['foreign.txt', 'post-quantum.txt']],
    ['identities-bundle.yaml', ['bundle.txt']],
    ['shamir-2-of-3.yaml', ['group1.txt', 'group3.txt']],
    ['shamir-3-of-3.yaml', ['group1.txt', 'group2.txt', 'group3.txt']],
  ])('openDataKey() opens %s', async (file, keys) => {
    const key = await openDataKey(
      groupsOf(`encrypted/${file}`),
      await identitiesOf(...keys),
      signal,
    )
    expect(key).toHaveLength(32)
  })

  test('openDataKey() gives the same key by any two of three groups', async () => {
    const pairs = [
      [1, 2],
      [2, 3],
      [1, 3],
      [1, 2, 3],
    ]
    const keys = pairs.map(async (numbers) => {
      const files = numbers.map((number) => `group${number}.txt`)
      return Buffer.from(
        await openDataKey(twoOfThree, await identitiesOf(...files), signal),
      ).toString('hex')
    })
    expect(new Set(await Promise.all(keys)).size).toBe(1)
  })

  test.each<[string, KeyGroups, string[], string]>([
    [
      'too few groups',
      twoOfThree,
      ['group1.txt'],
      '2 key groups are needed, and the keys of this host open 1',
    ],
    ['no group', twoOfThree, ['foreign.txt'], 'open 0'],
    [
      'all groups where the file names no threshold',
      { ...twoOfThree, threshold: null },
      ['group1.txt', 'group2.txt'],
      '3 key groups',
    ],
    ['a threshold of one', { ...twoOfThree, threshold: 1 }, ['group1.txt'], '2 key groups'],
    [
      'one share twice',
      { groups: [firstGroup, firstGroup, secondGroup], threshold: 2 },
      ['group1.txt'],
      '2 key groups',
    ],
    [
      'a whole key where a share belongs',
      { groups: [...plain.groups, ...plain.groups], threshold: 2 },
      ['main.txt'],
      'open 0',
    ],
    [
      'a share where the whole key belongs',
      { groups: [firstGroup], threshold: null },
      ['group1.txt'],
      'no key of this host',
    ],
    ['another’s key', plain, ['group1.txt'], 'no key of this host (SOPS_AGE_KEY) opens it'],
    ['no key at all', plain, [], 'this host has no key'],
  ])('openDataKey() refuses %s', async (_title, groups, keys, reason) => {
    const opened = openDataKey(groups, await identitiesOf(...keys), signal)
    await expect(opened).rejects.toMatchObject({
      code: 'no-identity',
      message: expect.stringContaining(reason),
    })
  })

  test('openDataKey() finds a lowered threshold to give another key', async () => {
    const whole = groupsOf('encrypted/shamir-3-of-3.yaml')
    const right = await openDataKey(
      whole,
      await identitiesOf('group1.txt', 'group2.txt', 'group3.txt'),
      signal,
    )
    const lowered = { ...whole, threshold: 2 }
    const wrong = await openDataKey(lowered, await identitiesOf('group1.txt', 'group2.txt'), signal)
    expect(Buffer.from(wrong).equals(right)).toBe(false)
  })

  test('openDataKey() names the kinds of recipients that it does not know', async () => {
    const groups: KeyGroups = {
      groups: [
        [
          { kind: 'other', name: 'pgp' },
          { kind: 'other', name: 'kms' },
        ],
      ],
      threshold: null,
    }
    await expect(openDataKey(groups, await identitiesOf('main.txt'), signal)).rejects.toMatchObject(
      {
        code: 'unsupported-recipient',
        message: expect.stringContaining('pgp, kms'),
        remedy: expect.stringContaining('secrets.sops'),
      },
    )
  })

  test('openDataKey() opens the age entry beside other kinds', async () => {
    const [own = []] = plain.groups
    const groups: KeyGroups = {
      groups: [[{ kind: 'other', name: 'pgp' }, ...own]],
      threshold: null,
    }
    expect(await openDataKey(groups, await identitiesOf('main.txt'), signal)).toHaveLength(32)
  })

  test('openDataKey() takes the recipient’s text for nobody’s word, and shows no more than fits', async () => {
    const [own = []] = plain.groups
    const hostile = `age1\u001b[31m${'x'.repeat(500)}\n`
    const renamed = age(
      own.flatMap((one) => (one.kind === 'age' ? { recipient: hostile, enc: one.enc } : [])),
    )
    const groups = { groups: [renamed], threshold: null }
    expect(await openDataKey(groups, await identitiesOf('main.txt'), signal)).toHaveLength(32)
    const refused = await openDataKey(groups, await identitiesOf('group1.txt'), signal).catch(
      (error: Error) => error.message,
    )
    expect(refused).not.toMatch(/\p{Cc}/u)
    expect(String(refused).length).toBeLessThan(300)
  })

  test('openDataKey() passes over an entry that is no age file', async () => {
    const [own = []] = plain.groups
    const damaged: Recipient = { kind: 'age', recipient: 'age1', enc: 'nonsense' }
    expect(
      await openDataKey(
        { groups: [[damaged, ...own]], threshold: null },
        await identitiesOf('main.txt'),
        signal,
      ),
    ).toHaveLength(32)
  })

  test('openDataKey() asks programs where no key fits, and says what was passed over', async () => {
    const asked: string[] = []
    const found = await identitiesOf('main.txt')
    const ask = async (recipient: string) => {
      asked.push(recipient)
      return identities(found.found)
    }
    expect(await openDataKey(plain, identities([], { ask }), signal)).toHaveLength(32)
    expect(asked.length).toBeGreaterThan(0)
    asked.length = 0
    await openDataKey(plain, { ...found, ask }, signal)
    expect(asked).toEqual([])
    const none = identities([], { places: [], passedOver: ['"/k": others can use it'] })
    await expect(openDataKey(plain, none, signal)).rejects.toThrow(
      'passed over: "/k": others can use it',
    )
  })

  test('openDataKey() ends with an aborted signal', async () => {
    await expect(
      openDataKey(plain, await identitiesOf('main.txt'), AbortSignal.abort()),
    ).rejects.toThrow(/abort/i)
  })
})
