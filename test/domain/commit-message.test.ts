import { describe, expect, test } from 'vitest'
import { commitMessage } from '../../src/domain/commit-message.ts'
import { parseImageReference, type Digest } from '../../src/domain/image-reference.ts'
import { parsePolicy } from '../../src/domain/policy/parse.ts'

const A: Digest = `sha256:${'a'.repeat(64)}`
const B: Digest = `sha256:${'b'.repeat(64)}`

function update(from: string, tag: string | null, digest: Digest, stack = 'web') {
  const current = parseImageReference(from)
  const policy = parsePolicy({ policy: 'semver', range: '^1' })
  const image = {
    file: `${stack}/compose.yaml`,
    line: 4,
    column: 12,
    services: ['app', 'worker'],
    text: from,
    image: current,
    policy,
    origin: 'registry' as const,
    annotation: 'read' as const,
    held: null,
    delivery: { mode: null, group: null },
    range: [0, 1] as const,
    noted: { line: 4, offset: 1 },
    target: {
      file: `${stack}/compose.yaml`,
      line: 4,
      column: 12,
      range: [0, 1] as const,
      text: from,
      part: 'reference' as const,
      variable: null,
    },
  }
  return { image, current, policy, tag, digest, text: '', reason: 'it is newer' }
}

const context = { host: 'attic', stacksOf: (file: string) => [file.split('/')[0] ?? ''] }

function subject(...updates: ReturnType<typeof update>[]): string | undefined {
  return commitMessage(updates, context).split('\n')[0]
}

describe('commitMessage()', () => {
  test('tells one update whole', () => {
    const message = commitMessage([update(`ghcr.io/me/app:1.2.3@${A}`, '1.2.4', B)], context)
    expect(message).toBe(`chore(web): update ghcr.io/me/app 1.2.3 → 1.2.4

web/compose.yaml:4 (app, worker)
  from ghcr.io/me/app:1.2.3@${A}
  to   ghcr.io/me/app:1.2.4@${B}
  because it is newer

Magos-Image: ghcr.io/me/app
Magos-From: 1.2.3@${A}
Magos-To: 1.2.4@${B}
Magos-Policy: semver ^1
Magos-Host: attic
`)
  })

  test('names the digests when the tag stayed', () => {
    expect(subject(update(`me/app:1@${A}`, '1', B))).toBe(
      `chore(web): update docker.io/me/app 1 ${'a'.repeat(12)} → ${'b'.repeat(12)}`,
    )
  })

  test('says pin for a first digest', () => {
    expect(subject(update('me/app:1', '1', A))).toBe('chore(web): pin docker.io/me/app 1')
  })

  test('counts several, in one stack and in more', () => {
    const one = update('me/app:1', '2', A)
    expect(subject(one, one)).toBe('chore(web): update 2 images')
    expect(subject(one, update('me/db:1', '2', A, 'db'))).toBe('chore: update 2 images in 2 stacks')
  })

  test('keeps the subject within 72 characters', () => {
    const long = `registry.example.com:5000/${'very-long-team/'.repeat(4)}app:1.0.0@${A}`
    const text = subject(update(long, '1.0.1', B, 'a-stack-with-quite-a-long-name'))
    expect(text?.length).toBeLessThanOrEqual(72)
    expect(text).toContain('app 1.0.0 → 1.0.1')
  })
})
