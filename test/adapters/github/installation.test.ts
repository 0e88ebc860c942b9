import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { failing } from '../../lab/github/faults.ts'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { refusal, signal, startFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

let parts: LabParts
let at: Fixture
beforeAll(async () => {
  parts = await prepareLab()
})
beforeEach(async () => {
  at = await startFixture(parts)
})
afterEach(async () => {
  await at.close()
})

describe('createGitHub().installation', () => {
  it('state() is ready with the permissions that are needed', async () => {
    at.lab.grant(at.installation, { metadata: 'read', contents: 'write', statuses: 'write' })
    expect(await at.github.installation.state(signal())).toEqual({ outcome: 'ready' })
  })

  it('state() warns of rules that stop commits, before one is tried', async () => {
    const rule = { branch: 'main', bypass: [] }
    at.repository.protect({ ...rule, type: 'pull_request' }, { ...rule, type: 'deletion' })
    expect(await at.github.installation.state(signal())).toEqual({
      outcome: 'ready',
      warning: {
        reason:
          '"main" has the rules pull_request: commits are refused unless the GitHub App may bypass them',
        remedy: 'Put the GitHub App on the bypass list of "main", or set "mode" to "pr"',
      },
    })
    at.repository.protect({ ...rule, type: 'deletion' }, { ...rule, type: 'required_signatures' })
    expect(await at.github.installation.state(signal())).toEqual({ outcome: 'ready' })
  })

  it('state() warns of the older branch protection, which no list of rules names', async () => {
    at.repository.protect({ branch: 'main', type: 'pull_request', of: 'protection', bypass: [] })
    expect(await at.github.installation.state(signal())).toEqual({
      outcome: 'ready',
      warning: {
        reason: '"main" is protected: commits are refused unless the GitHub App may bypass them',
        remedy: 'Put the GitHub App on the bypass list of "main", or set "mode" to "pr"',
      },
    })
    // Another branch's protection is nobody's trouble.
    at.repository.protect({ branch: 'x', type: 'pull_request', of: 'protection', bypass: [] })
    expect(await at.github.installation.state(signal())).toEqual({ outcome: 'ready' })
  })

  it('state() is ready also where GitHub does not tell the rules', async () => {
    at.lab.faults.add({ method: 'GET', path: /\/rules\//u, fault: failing(403, 'Forbidden') })
    expect(await at.github.installation.state(signal())).toEqual({ outcome: 'ready' })
  })

  it('state() says that the App is not installed', async () => {
    at.lab.uninstall(at.installation)
    expect(await at.github.installation.state(signal())).toEqual({
      outcome: 'missing',
      reason: 'the GitHub App is not installed on "acme/homelab", or there is no such repository',
      remedy: 'Install the GitHub App on "acme/homelab", and check MD_REPO and GITHUB_APP_ID',
    })
  })

  it('state() says that the installation covers other repositories only', async () => {
    const other = await at.lab.createRepository({ name: 'other' })
    at.lab.select(at.installation, [other])
    expect(await at.github.installation.state(signal())).toMatchObject({ outcome: 'missing' })
  })

  it('state() says since when it is suspended', async () => {
    at.lab.suspend(at.installation)
    const state = await at.github.installation.state(signal())
    expect(state).toMatchObject({
      outcome: 'suspended',
      reason: expect.stringMatching(/suspended since \d{4}-/u),
    })
    at.lab.unsuspend(at.installation)
    expect(await at.github.installation.state(signal())).toEqual({ outcome: 'ready' })
  })

  it('state() names every permission that is lacking', async () => {
    at.lab.grant(at.installation, { metadata: 'read', contents: 'read' })
    expect(await at.github.installation.state(signal())).toMatchObject({
      outcome: 'underprivileged',
      reason:
        'the GitHub App\'s installation on "acme/homelab" lacks contents:write, statuses:write',
      remedy: expect.stringContaining('contents:write, statuses:write'),
    })
  })

  it('state() forgets the token, so that new permissions count at once', async () => {
    const before = await at.github.token(signal())
    expect(await at.github.token(signal())).toBe(before)
    await at.github.installation.state(signal())
    expect(await at.github.token(signal())).not.toBe(before)
  })

  it('state() throws where the key is not the App’s, or GitHub fails', async () => {
    const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
    const privateKey = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    const stranger = at.connect({ privateKey })
    expect(await refusal(stranger.installation.state(signal()))).toMatchObject({
      code: 'unauthorized',
      remedy: expect.stringContaining('private key'),
    })
    at.lab.faults.add({ path: /\/installation$/u, fault: failing(500, 'Server Error') })
    expect(await refusal(at.github.installation.state(signal()))).toMatchObject({ code: 'github' })
  })
})

describe('createGitHub().token()', () => {
  it('mints one token for eight who need one', async () => {
    const values = await Promise.all(Array.from({ length: 8 }, () => at.github.token(signal())))
    expect(new Set(values).size).toBe(1)
    expect(at.asked()).toEqual([
      'GET /installation 200',
      `POST /app/installations/${at.installation.id}/access_tokens 201`,
    ])
  })

  it('is scoped to the repository', async () => {
    const value = await at.github.token(signal())
    const minted = at.lab.state.tokens.get(value)
    expect(minted?.repositories).toEqual(new Set([at.repository.record.id]))
  })

  it('mints anew when asked, and when it is fifty-five minutes old', async () => {
    const first = await at.github.token(signal())
    const second = await at.github.token(signal(), { refresh: true })
    expect(second).not.toBe(first)
    at.clock.advance(54 * 60_000)
    expect(await at.github.token(signal())).toBe(second)
    at.clock.advance(60_000)
    expect(await at.github.token(signal())).not.toBe(second)
  })

  it('follows an App that was installed anew', async () => {
    await at.github.token(signal())
    at.lab.uninstall(at.installation)
    const { id } = at.lab.install(at.app, [at.repository])
    const value = await at.github.token(signal(), { refresh: true })
    expect(at.lab.state.tokens.get(value)?.installation.id).toBe(id)
  })

  it('says that the App is suspended', async () => {
    at.lab.suspend(at.installation)
    expect(await refusal(at.github.token(signal()))).toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining('This installation has been suspended'),
    })
  })

  it('lets one who waits be interrupted without harm to the others', async () => {
    const first = at.github.token(signal())
    const stop = new AbortController()
    const second = refusal(at.github.token(stop.signal))
    const third = at.github.token(signal())
    stop.abort()
    expect(await second).toMatchObject({ code: 'interrupted' })
    expect(await third).toBe(await first)
  })
})
