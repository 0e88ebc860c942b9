import { describe, expect, it } from 'vitest'
import { scanComposeFile } from '../../../src/domain/compose/scan.ts'
import { noRules } from '../../../src/domain/policy/rules.ts'
import { proposalBody, type ProposedUpdate } from '../../../src/domain/proposal/body.ts'
import { isOvertaken, overtakenBody } from '../../../src/domain/proposal/overtaken.ts'
import type { Digest } from '../../../src/domain/image-reference.ts'

function proposed(reason = 'newest', changes: Partial<ProposedUpdate> = {}): ProposedUpdate {
  const text =
    'services:\n  web: { image: ghcr.io/o/app:1.0.0 } # {"magos": {"policy": "semver"}}\n'
  const [image] = scanComposeFile('a|b/compose.yaml', text, { defaults: {} }).images
  if (image?.image == null || image.policy === null) throw new Error('No image was found')
  const digest: Digest = `sha256:${'a'.repeat(64)}`
  const { image: current, policy } = image
  return {
    update: { image, current, policy, tag: '1.1.0', digest, text: 'x', reason },
    stacks: ['shop'],
    firstSeen: null,
    link: null,
    rules: noRules,
    ...changes,
  }
}

const options = { host: 'nas', automerge: 'never' } as const

describe('proposalBody()', () => {
  it('stays within what GitHub takes, and says how many are left', () => {
    const body = proposalBody(
      Array.from({ length: 300 }, () => proposed()),
      options,
    )
    expect(body.length).toBeLessThanOrEqual(65_536)
    expect(body).toMatch(/… and \d+ more: the commit names all of them\./u)
    expect(body).toContain('Closing it means "not this version"')
  })

  it('lets nothing of others be Markdown, a mention or a new row', () => {
    const body = proposalBody([proposed('@everyone | [x](y) `z` <b>\n| a | b |')], options)
    expect(body).toContain(
      '| Because | \\@everyone \\| \\[x\\](y) \\`z\\` \\<b\\> \\| a \\| b \\| |',
    )
    expect(body).toContain('`a\\|b/compose.yaml:2`')
  })

  it('names the gates that it passed', () => {
    const rules = { ...noRules, minAge: 3 * 86_400_000 }
    expect(proposalBody([proposed('', { rules })], options)).toContain(
      '| Gates | passed: at least 3d old; there for this host’s platform |',
    )
  })

  it('says who merges it', () => {
    const body = proposalBody([proposed()], { ...options, automerge: 'when-green' })
    expect(body).toContain('Magos merges it once every check has passed.')
  })
})

describe('overtakenBody()', () => {
  it('is known again, says why, and stays within what GitHub takes', () => {
    const body = overtakenBody('x'.repeat(65_536), 'it is over')
    expect(isOvertaken(body)).toBe(true)
    expect(isOvertaken('x')).toBe(false)
    expect(body).toContain('> Closed by Magos: it is over.')
    expect(body.length).toBeLessThanOrEqual(65_536)
    expect(overtakenBody(body, 'again')).toBe(body)
  })
})
