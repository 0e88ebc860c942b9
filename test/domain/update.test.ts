import { describe, expect, test } from 'vitest'
import { scanComposeFile, type ScannedImage } from '../../src/domain/compose/scan.ts'
import { parseImageReference, type Digest } from '../../src/domain/image-reference.ts'
import { parsePolicy } from '../../src/domain/policy/parse.ts'
import { choose, needsTags, planUpdate, updatedReference } from '../../src/domain/update.ts'

const A: Digest = `sha256:${'a'.repeat(64)}`
const B: Digest = `sha256:${'b'.repeat(64)}`
const semver = parsePolicy({ policy: 'semver' })
const following = parsePolicy({ policy: 'semver', moved: 'follow' })
const latest = parsePolicy({ policy: 'latest' })
const digest = parsePolicy({ policy: 'digest' })

function chosen(policy: Parameters<typeof choose>[0], text: string, tags: readonly string[] = []) {
  const choice = choose(policy, parseImageReference(text), tags)
  return choice.outcome === 'tag'
    ? `tag ${choice.tag}`
    : choice.outcome === 'digest'
      ? choice.digest
      : choice.outcome
}

describe('choose()', () => {
  test.each([
    ['takes a newer tag', semver, `o/app:1.0.0@${A}`, ['1.0.0', '1.1.0'], 'tag 1.1.0'],
    ['leaves the newest as it is', semver, `o/app:1.1.0@${A}`, ['1.0.0', '1.1.0'], 'current'],
    ['pins the newest to its own tag', semver, 'o/app:1.1.0', ['1.0.0', '1.1.0'], 'tag 1.1.0'],
    ['asks where its tag may move', following, `o/app:1.1.0@${A}`, ['1.1.0'], 'tag 1.1.0'],
    ['takes a newer one first', following, `o/app:1.0.0@${A}`, ['1.0.0', '1.1.0'], 'tag 1.1.0'],
    ['holds when the committed tag is gone', semver, `o/app:1.1.0@${A}`, ['1.0.0'], 'hold'],
    ['holds where nothing fits', semver, 'o/app', ['stable'], 'hold'],
    ['follows the moving tag', latest, `o/app:latest@${A}`, [], 'tag latest'],
    ['leaves a digest as it is', digest, `o/app:1@${A}`, [], 'current'],
    ["pins to the line's tag", digest, 'o/app:1', [], 'tag 1'],
    ['pins to latest where no tag stands', digest, 'o/app', [], 'tag latest'],
  ])('%s', (_title, policy, text, tags, expected) => {
    expect(chosen(policy, text, tags)).toBe(expected)
  })

  test("takes the policy's own digest", () => {
    expect(chosen(parsePolicy({ policy: 'digest', digest: B }), `o/app:1@${A}`)).toBe(B)
  })
})

describe('needsTags()', () => {
  test('asks for a list only where tags are ordered', () => {
    expect([semver, latest, digest].map(needsTags)).toEqual([true, false, false])
  })
})

function image(text: string): ScannedImage {
  const compose = `services:\n  web:\n    image: ${text}\n`
  const [found] = scanComposeFile('web/compose.yaml', compose, { defaults: {} }).images
  if (found === undefined) throw new Error('The sample has an image')
  return { ...found, policy: semver }
}

function plan(text: string, tag: string | null, to: Digest) {
  const current = parseImageReference(text)
  return planUpdate(image(text), semver, current, { tag, digest: to, reason: 'because' })
}

describe('planUpdate()', () => {
  test('returns null where the line says so already', () => {
    expect(plan(`nginx:1.2@${A}`, '1.2', A)).toBeNull()
  })

  test("keeps the owner's spelling of the name", () => {
    expect(plan('nginx:1.2', '1.3', B)?.text).toBe(`nginx:1.3@${B}`)
  })

  test('is an update when only the digest moved', () => {
    const update = plan(`nginx:1.2@${A}`, '1.2', B)
    expect(update === null ? null : updatedReference(update)).toBe(
      `docker.io/library/nginx:1.2@${B}`,
    )
  })
})
