import { createPrivateKey } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { GitHub } from '../../../src/adapters/github/github.ts'
import { createHttp } from '../../../src/host/http.ts'
import type { CommitOutcome } from '../../../src/ports.ts'
import { failing, hang, primaryLimit, reset, secondaryLimit } from '../../lab/github/faults.ts'
import type { Fault } from '../../lab/github/faults.ts'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { refusal, signal, startFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

const update = 'app/compose.yaml'
const moving = { method: 'PATCH', path: /\/git\/refs\//u }
const reading = 'GET /git/ref/heads%2Fmain 200'
const patched = 'PATCH /git/refs/heads%2Fmain 200'
/** Asked, and never answered. */
const patchLost = 'PATCH /git/refs/heads%2Fmain 0'

describe('createGitHub().committer', () => {
  let parts: LabParts
  let at: Fixture
  beforeAll(async () => {
    parts = await prepareLab()
  })
  beforeEach(async () => {
    // Only silence takes this long: the lab answers within it on a busy machine, too.
    at = await startFixture(parts, { timeout: 1000 })
    await at.github.token(signal())
    at.asked()
  })
  afterEach(async () => {
    await at.close()
  })

  const commit = async (
    github: GitHub = at.github,
    { content = 'image: b\n', path = update }: { content?: string; path?: string } = {},
  ): Promise<CommitOutcome> => {
    const files = [{ path, mode: '100644' as const, content }]
    const parent = await at.repository.head()
    return await github.committer.commit({ parent, message: 'chore: test', files }, signal())
  }
  const fail = (fault: Fault, times = 1): void => at.lab.faults.add({ ...moving, fault, times })

  it('commit() takes three calls when the head is known', async () => {
    const parent = await at.repository.head()
    const outcome = await commit()
    expect(outcome).toEqual({ outcome: 'committed', revision: await at.repository.head() })
    expect(at.asked()).toEqual(['POST /git/trees 201', 'POST /git/commits 201', patched])
    expect(at.lab.requests.at(-3)?.body).toEqual({
      base_tree: parent.tree,
      tree: [{ path: update, mode: '100644', type: 'blob', content: 'image: b\n' }],
    })
  })

  it('commit() is made by the App and signed by GitHub', async () => {
    await commit()
    const { commit: sha } = await at.repository.head()
    const { author, committer } = await at.repository.record.git.readCommit(sha)
    expect(author.name).toBe('magos-lab[bot]')
    expect(committer.email).toBe('noreply@github.com')
    expect(at.log.lines).toEqual([])
  })

  it('commit() warns where GitHub did not sign', async () => {
    const unsigned = at.connect({
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        if (!input.endsWith('/git/commits')) return response
        const body = { ...JSON.parse(await response.text()), verification: { verified: false } }
        return Response.json(body, { status: 201 })
      },
    })
    expect(await commit(unsigned)).toMatchObject({ outcome: 'committed' })
    expect(at.log.lines.join('\n')).toContain('warn GitHub did not sign the commit')
  })

  it('commit() asks once when nothing would change', async () => {
    expect(await commit(at.github, { content: 'image: a\n' })).toEqual({ outcome: 'empty' })
    expect(at.asked()).toEqual(['POST /git/trees 201'])
  })

  it('commit() does not ask about a parent that it left itself while waiting', async () => {
    const parent = await at.repository.head()
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map((path) =>
        at.github.committer.commit(
          { parent, message: path, files: [{ path, mode: '100644', content: path }] },
          signal(),
        ),
      ),
    )
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['committed', 'moved', 'moved'])
    expect(at.asked()).toHaveLength(3)
  })

  it(
    'commit() lets eight processes converge when each plans again',
    { timeout: 60_000 },
    async () => {
      at.lab.limiter.set({ perMinute: 1000, perHour: 1000 })
      const processes = Array.from({ length: 8 }, (_, index) => ({
        github: at.connect({ timeout: 20_000 }),
        path: `host-${index}`,
      }))
      await Promise.all(
        processes.map(async ({ github, path }) => {
          for (;;) {
            const { outcome } = await commit(github, { path, content: path })
            if (outcome === 'committed') return
            expect(outcome).toBe('moved')
          }
        }),
      )
      const { commit: head } = await at.repository.head()
      expect(await at.repository.record.git.log(head, { limit: 100 })).toHaveLength(9)
    },
  )

  // ---------------------------------------------------------------- rules

  it('commit() is held by a ruleset until the App may bypass it', async () => {
    at.repository.protect({ branch: 'main', type: 'pull_request', bypass: [] })
    const parent = await at.repository.head()
    const outcome = await commit()
    expect(outcome).toMatchObject({
      outcome: 'held',
      remedy: expect.stringContaining('bypass list'),
      reason: expect.stringContaining('Changes must be made through a pull request.'),
    })
    expect(await at.repository.head()).toEqual(parent)
    at.repository.protect({ branch: 'main', type: 'pull_request', bypass: [at.app.id] })
    expect(await commit()).toMatchObject({ outcome: 'committed' })
  })

  it('commit() is held by the older branch protection, which is no ruleset', async () => {
    const rule = { branch: 'main', type: 'pull_request', of: 'protection' } as const
    at.repository.protect({ ...rule, bypass: [] })
    const parent = await at.repository.head()
    expect(await commit()).toMatchObject({
      outcome: 'held',
      remedy: expect.stringContaining('bypass list'),
      reason: expect.stringContaining('Changes must be made through a pull request.'),
    })
    expect(await at.repository.head()).toEqual(parent)
  })

  it.each([
    [403, 'Repository was archived so is read-only.', 'Unarchive'],
    [
      403,
      'refusing to allow a GitHub App to create or update workflow `.github/workflows/x.yml` without `workflows` permission',
      'Workflows: write',
    ],
    [422, 'Required status check "ci" is expected.', 'bypass list'],
    [422, 'You’re not authorized to push to this branch. Visit the documentation', 'bypass list'],
    [422, 'Cannot change this locked branch', 'bypass list'],
  ])('commit() is held by %d %j', async (status, message, remedy) => {
    fail(failing(status, message))
    const outcome = await commit()
    expect(outcome).toMatchObject({ outcome: 'held', remedy: expect.stringContaining(remedy) })
  })

  it('commit() throws what no person’s rule explains', async () => {
    fail(failing(422, 'Reference does not exist'))
    expect(await refusal(commit())).toMatchObject({
      code: 'github',
      message: 'Move "main" of "acme/homelab": GitHub answered 422: Reference does not exist',
    })
    at.lab.grant(at.installation, { metadata: 'read', contents: 'read' })
    expect(await refusal(commit())).toMatchObject({
      code: 'unauthorized',
      remedy: 'Grant the GitHub App contents=write',
    })
  })

  // ---------------------------------------------------------------- open fates

  it.each([
    ['a time-out', hang('after'), patchLost],
    ['a reset', reset('after'), patchLost],
    ['a 502', failing(502, 'Bad Gateway', { when: 'after' }), patched],
  ])('commit() finds its commit on the branch after %s', async (_title, fault) => {
    fail(fault)
    expect(await commit()).toEqual({
      outcome: 'committed',
      revision: await at.repository.head(),
    })
    expect(at.asked().slice(2)).toEqual([patched, reading])
  })

  it.each([
    ['a time-out', hang('before')],
    ['a reset', reset('before')],
    ['a 500', failing(500, 'Server Error')],
  ])('commit() moves the branch again when nothing was done before %s', async (_title, fault) => {
    fail(fault)
    expect(await commit()).toMatchObject({ outcome: 'committed' })
    expect(at.asked().slice(2)).toEqual([patchLost, reading, patched])
    expect(at.clock.slept).toEqual([1000])
  })

  it('commit() is not misled by a replica that lags behind', async () => {
    fail(reset('after'))
    await at.repository.commit([{ path: 'other', content: 'x' }])
    at.lab.faults.add({
      method: 'GET',
      path: /\/git\/ref\//u,
      fault: { when: 'before', do: 'stale' },
    })
    const before = await at.repository.head()
    expect(await commit()).toMatchObject({ outcome: 'committed' })
    const { commit: head } = await at.repository.head()
    expect((await at.repository.record.git.readCommit(head)).parents).toEqual([before.commit])
  })

  it('commit() knows its commit below somebody else’s', async () => {
    fail(reset('after'))
    let theirs: { commit: string } | null = null
    const github = at.connect({
      fetch: async (input, init) => {
        if (input.includes('/git/ref/')) {
          theirs = await at.repository.commit([{ path: 'other', content: 'x' }])
        }
        return await fetch(input, init)
      },
    })
    const outcome = await commit(github)
    expect(await at.repository.head()).toEqual(theirs)
    const { parents } = await at.repository.record.git.readCommit(
      (await at.repository.head()).commit,
    )
    expect(outcome).toMatchObject({ outcome: 'committed', revision: { commit: parents[0] } })
  })

  it('commit() knows its commit when a replica hides it and somebody commits on top', async () => {
    fail(reset('after'))
    at.lab.faults.add({ method: 'GET', path: /\/git\/ref\//u, fault: reset('before') })
    let patches = 0
    const github = at.connect({
      fetch: async (input, init) => {
        if (input.includes('/git/refs/') && ++patches === 2) {
          await at.repository.commit([{ path: 'other', content: 'x' }])
        }
        return await fetch(input, init)
      },
    })
    expect(await commit(github)).toMatchObject({ outcome: 'committed' })
    expect(at.asked().slice(-2)).toEqual(['PATCH /git/refs/heads%2Fmain 422', 'GET /commits 200'])
  })

  it('commit() says that it moved when somebody else was faster than an open try', async () => {
    fail(reset('before'))
    const github = at.connect({
      fetch: async (input, init) => {
        if (input.includes('/git/ref/')) {
          await at.repository.commit([{ path: 'other', content: 'x' }])
        }
        return await fetch(input, init)
      },
    })
    expect(await commit(github)).toEqual({ outcome: 'moved' })
    expect(await at.repository.read(update)).toBe('image: a\n')
  })

  it('commit() gives up after three tries and says so', async () => {
    const parent = await at.repository.head()
    fail(reset('before'), 10)
    expect(await refusal(commit())).toMatchObject({ code: 'network' })
    expect(await at.repository.head()).toEqual(parent)
    expect(at.asked().filter((call) => call.startsWith('PATCH'))).toHaveLength(3)
    expect(at.clock.slept).toEqual([1000, 3000])
  })

  it('commit() does not send a tree twice', async () => {
    at.lab.faults.add({ method: 'POST', path: /trees$/u, fault: failing(502, 'Bad Gateway') })
    expect(await refusal(commit())).toMatchObject({ code: 'github' })
    expect(at.asked()).toHaveLength(1)
  })

  // ---------------------------------------------------------------- tokens

  it('commit() mints anew at once when the cached token is refused', async () => {
    at.lab.state.tokens.clear()
    expect(await commit()).toMatchObject({ outcome: 'committed' })
    expect(at.asked()).toEqual([
      'POST /git/trees 401',
      `POST /app/installations/${at.installation.id}/access_tokens 201`,
      'POST /git/trees 201',
      'POST /git/commits 201',
      patched,
    ])
    expect(at.clock.slept).toEqual([])
  })

  it.each([
    ['401 once', { calls: 1, status: 401 as const }, [1000]],
    ['401 three times', { calls: 3, status: 401 as const }, [1000, 3000, 10_000]],
    ['404 twice', { calls: 2, status: 404 as const }, [1000, 3000]],
  ])('commit() waits for a new token that is refused with %s', async (_title, fresh, pauses) => {
    Object.assign(at.lab.state.freshToken, fresh)
    const github = at.connect()
    expect(await commit(github)).toMatchObject({ outcome: 'committed' })
    expect(at.clock.slept).toEqual(pauses)
  })

  it('commit() gives up on a token that is never accepted', async () => {
    Object.assign(at.lab.state.freshToken, { calls: 99, status: 401 })
    expect(await refusal(commit(at.connect()))).toMatchObject({ code: 'unauthorized' })
    expect(at.clock.slept).toEqual([1000, 3000, 10_000])
    expect(at.asked().filter((call) => call.endsWith('/access_tokens 201'))).toHaveLength(2)
  })

  it('commit() ends its pause with the signal', async () => {
    Object.assign(at.lab.state.freshToken, { calls: 99, status: 401 })
    const stop = new AbortController()
    const clock = {
      now: () => at.clock.now(),
      async sleep(_ms: number, given: AbortSignal) {
        stop.abort()
        given.throwIfAborted()
      },
    }
    const parent = await at.repository.head()
    const { committer } = at.connect({ clock })
    const proposal = { parent, message: 'x', files: [] }
    expect(await refusal(committer.commit(proposal, stop.signal))).toMatchObject({
      code: 'interrupted',
    })
  })

  it('commit() is interrupted while GitHub is silent', async () => {
    fail(hang('before'))
    const github = at.connect({ timeout: 10_000 })
    const parent = await at.repository.head()
    const files = [{ path: update, mode: '100644' as const, content: 'x' }]
    const proposal = { parent, message: 'x', files }
    const stop = new AbortController()
    const committed = refusal(github.committer.commit(proposal, stop.signal))
    const waiting = setInterval(() => {
      if (at.lab.requests.some(({ method }) => method === 'PATCH')) stop.abort()
    }, 10)
    expect(await committed).toMatchObject({ code: 'interrupted' })
    clearInterval(waiting)
  })

  // ---------------------------------------------------------------- limits

  it.each([
    ['a secondary limit', secondaryLimit(30), 30_000],
    ['a secondary limit as 429', secondaryLimit(7, 429), 7000],
    ['a secondary limit without a time', secondaryLimit(null), 60_000],
  ])('commit() tells when %s ends and keeps quiet until then', async (_title, fault, pause) => {
    at.lab.faults.add({ method: 'POST', path: /trees$/u, fault })
    const { code, retryAt } = await refusal(commit())
    expect({ code, pause: (retryAt ?? 0) - at.clock.now() }).toEqual({ code: 'rate-limit', pause })
    at.asked()
    expect(await refusal(commit())).toMatchObject({ code: 'rate-limit', retryAt })
    expect(at.asked()).toEqual([])
    at.clock.advance(pause)
    expect(await commit()).toMatchObject({ outcome: 'committed' })
  })

  it('commit() tells when the hour’s limit is reset', async () => {
    const resetAt = (Math.floor(at.clock.now() / 1000) + 900) * 1000
    at.lab.faults.add({ method: 'POST', path: /commits$/u, fault: primaryLimit(resetAt) })
    expect(await refusal(commit())).toMatchObject({ code: 'rate-limit', retryAt: resetAt })
  })

  it('commit() stays within eighty writes a minute by itself', async () => {
    const fault = failing(422, 'Validation Failed')
    at.lab.faults.add({ method: 'POST', path: /trees$/u, fault, times: 78 })
    for (let index = 0; index < 78; index++) expect((await refusal(commit())).code).toBe('github')
    at.asked()
    const first = at.clock.now()
    expect(await refusal(commit())).toMatchObject({ code: 'rate-limit', retryAt: first + 60_000 })
    expect(at.asked()).toEqual([])
  })

  it('commit() understands the limit of GitHub itself', async () => {
    at.lab.limiter.set({ perMinute: 2 })
    expect(await refusal(commit())).toMatchObject({ code: 'rate-limit' })
  })

  // ---------------------------------------------------------------- addresses and keys

  it('commit() works on an Enterprise Server’s address through our own connections and with a key in PKCS#8', async () => {
    const key = createPrivateKey(at.app.privateKey)
    const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString()
    expect(privateKey).not.toBe(at.app.privateKey)
    const http = createHttp()
    const github = at.connect({
      apiUrl: `${at.lab.url}/api/v3/`,
      privateKey,
      fetch: (input, init) => http.fetch(input, init),
    })
    expect(await commit(github)).toMatchObject({ outcome: 'committed' })
    await http.close()
  })

  it('commit() says that GitHub cannot be reached', async () => {
    const { code, message, remedy } = await refusal(
      commit(at.connect({ apiUrl: 'http://127.0.0.1:1' })),
    )
    expect(code).toBe('network')
    expect(message).toContain('GitHub gave no answer')
    expect(remedy).toBeDefined()
  })
})
