import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Context } from '../../../handlers/context.ts'
import { imagePublished } from '../../../handlers/image-published.ts'
import { handle } from '../../../handlers/index.ts'
import { proposalsDue } from '../../../handlers/proposals-due.ts'
import { updateFailed } from '../../../handlers/update-failed.ts'
import { createViews } from '../../../handlers/views.ts'
import { createRemoteSource } from '../../../src/adapters/git/remote-source.ts'
import { MagosError } from '../../../src/domain/error.ts'
import type { Event, UpdateFailed } from '../../../src/domain/event.ts'
import { createHttp, type Http } from '../../../src/host/http.ts'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { createWorld, digest } from '../../handlers/world.ts'
import type { World } from '../../handlers/world.ts'
import { signal, startFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

const all: Event = { kind: 'proposals-due', repositories: 'all', branches: [] }

/** Handlers over GitHub as it is: its API, its git, its limits; registries and engine in memory. */
interface Ground {
  readonly at: Fixture
  readonly world: World
  readonly ctx: Context
  close(): Promise<void>
}

async function ground(parts: LabParts, files: Readonly<Record<string, string>>): Promise<Ground> {
  const listed = Object.entries(files).map(([path, content]) => ({ path, content }))
  const at = await startFixture(parts, { files: listed, time: 'shared' })
  const world = createWorld({})
  const http: Http = createHttp()
  const directory = await mkdtemp(join(tmpdir(), 'magos-flow-'))
  const source = createRemoteSource({
    url: `${at.lab.url}/${at.repository.owner}/${at.repository.name}.git`,
    branch: 'main',
    directory,
    token: (asked, options) => at.github.token(asked, options),
    http,
    log: world.ctx.log,
  })
  const { committer, proposals, pulls, reports } = at.github
  return {
    at,
    world,
    ctx: {
      ...world.ctx,
      source,
      ancestry: source,
      committer,
      proposals,
      pulls,
      reports,
      views: createViews(),
    },
    async close() {
      await http.close()
      await at.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Works an event off, and all that follows from it but deployments. */
async function work({ ctx }: Pick<Ground, 'ctx'>, event: Event): Promise<void> {
  const { followUps } = await handle(ctx, event, signal())
  for (const { event: next } of followUps) {
    if (next.kind !== 'revision-pushed') await work({ ctx }, next)
  }
}

function line(name: string, keys = ''): string {
  return `    image: ghcr.io/o/${name}:1.0.0@${digest(1)} # {"magos": {"policy": "semver"${keys}}}\n`
}

function publish({ world }: Ground, name: string, version: string, number: number): void {
  world.registry.push({ registry: 'ghcr.io', repository: `o/${name}` }, version, digest(number))
}

describe('an update by pull request', () => {
  let parts: LabParts
  let on: Ground
  beforeAll(async () => {
    parts = await prepareLab()
  })
  beforeEach(async () => {
    on = await ground(parts, {
      'shop/compose.yaml': `services:\n  web:\n${line('web', ', "mode": "pr"')}`,
      '.magos.yaml': 'pullRequests: {labels: [deps], reviewers: [operator], automerge: true}\n',
    })
    publish(on, 'web', '1.0.0', 1)
    publish(on, 'web', '1.1.0', 2)
  })
  afterEach(async () => {
    await on.close()
  })

  it('goes from the registry to the branch, reviewed, merged when green, and leaves no branch', async () => {
    const { repository } = on.at
    await work(on, all)
    const pull = repository.pull(1)
    expect(pull).toMatchObject({ labels: ['deps'], reviewers: [{ login: 'operator' }] })
    await work(on, { kind: 'pull-request-changed', numbers: [1] })
    expect(repository.record.checkRuns).toMatchObject([
      { sha: pull.headSha, fields: { name: 'magos/nas', conclusion: 'success' } },
    ])
    await work(on, all)
    expect(repository.pull(1).merged).not.toBe(null)
    expect(await repository.read('shop/compose.yaml')).toContain(`web:1.1.0@${digest(2)}`)
    const { commit } = await repository.head()
    const { message } = await repository.record.git.readCommit(commit)
    expect(message).toContain(`Magos-To: 1.1.0@${digest(2)}`)
    expect(on.world.history.isOurs(commit)).toBe(true)
    expect(await repository.record.git.refs('refs/heads/magos/')).toEqual([])
    await work(on, all)
    expect(repository.record.pulls).toHaveLength(1)
  })

  it('is not proposed again after a person closed it, and every memory of ours is lost', async () => {
    const { repository } = on.at
    await work(on, all)
    await repository.closePull(1)
    const fresh = on.at.connect()
    const ctx = { ...on.ctx, proposals: fresh.proposals, memory: createWorld({}).ctx.memory }
    await handle(ctx, all, signal())
    expect(repository.record.pulls).toHaveLength(1)
    publish(on, 'web', '1.2.0', 3)
    await handle(ctx, all, signal())
    expect(repository.record.pulls.map(({ state }) => state)).toEqual(['closed', 'open'])
  })

  it('is taken up where a process died behind the branch', async () => {
    const { repository, lab, github } = on.at
    await github.token(signal())
    lab.faults.add({ method: 'POST', path: /\/pulls$/u, fault: { do: 'reset', when: 'before' } })
    await expect(work(on, all)).rejects.toMatchObject({ code: 'network' })
    const [left] = await repository.record.git.refs('refs/heads/magos/')
    await work(on, all)
    expect(repository.record.pulls).toMatchObject([{ headSha: left?.sha, state: 'open' }])
  })
})

describe('an update that failed where the branch takes no commit of the App', () => {
  let parts: LabParts
  let on: Ground
  beforeAll(async () => {
    parts = await prepareLab()
  })
  afterEach(async () => {
    await on.close()
  })

  const before = `services:\n  web:\n${line('web')}`
  const branch = 'magos-revert/nas/shop'

  /** Updates what was proven, protects the branch then, and answers what the update failed with. */
  async function failing(of: 'ruleset' | 'protection'): Promise<UpdateFailed> {
    on = await ground(parts, { 'shop/compose.yaml': before })
    publish(on, 'web', '1.0.0', 1)
    publish(on, 'web', '1.1.0', 2)
    const { repository } = on.at
    const proven = (await repository.head()).commit
    await imagePublished(on.ctx, { kind: 'image-published', repositories: 'all' }, signal())
    const { commit } = await repository.head()
    repository.protect({ branch: 'main', type: 'pull_request', of, bypass: [] })
    const told = { reason: 'service "web" is unhealthy', words: 'cannot bind' }
    return { kind: 'update-failed', stack: 'shop', commit, proven, ...told }
  }

  it.each(['ruleset', 'protection'] as const)(
    'is taken back by a pull request, and quarantined by its merge: %s',
    async (of) => {
      const event = await failing(of)
      const { repository } = on.at
      const { answer } = await updateFailed(on.ctx, event, signal())
      expect((await repository.head()).commit).toBe(event.commit)
      expect(answer).toMatchObject({ commits: [], held: [{ kind: 'waits' }] })
      expect(repository.record.pulls).toMatchObject([
        { head: branch, state: 'open', title: expect.stringContaining('revert(shop): take back') },
      ])
      expect(await repository.read('shop/compose.yaml', branch)).toBe(before)
      expect(await repository.read('.magos/quarantine.yaml', branch)).toContain(digest(2))

      // Every pass raises the event anew; nothing is written a second time.
      on.at.asked()
      expect((await updateFailed(on.ctx, event, signal())).answer).toEqual(answer)
      const wrote = on.at.asked().filter((call) => /^(?:POST|PATCH|PUT|DELETE) \/pulls/u.test(call))
      expect(wrote).toEqual([])
      // What waits for its group's pull request is no matter of this one.
      await work(on, all)
      expect(repository.pull(1).state).toBe('open')

      repository.protect()
      await repository.mergePull(1)
      expect(await repository.read('shop/compose.yaml')).toBe(before)
      const merged = await repository.head()
      expect((await updateFailed(on.ctx, event, signal())).answer).toEqual({
        commits: [],
        held: [],
      })
      await imagePublished(on.ctx, { kind: 'image-published', repositories: 'all' }, signal())
      expect(await repository.head()).toEqual(merged)
    },
  )

  it('is not proposed to be taken back again after a person closed that, and our memory is lost', async () => {
    const event = await failing('ruleset')
    const { repository } = on.at
    await updateFailed(on.ctx, event, signal())
    await repository.closePull(1)
    const ctx = { ...on.ctx, proposals: on.at.connect().proposals }
    expect((await updateFailed(ctx, event, signal())).answer.held).toMatchObject([
      { kind: 'problem', reason: expect.stringContaining('was closed') },
    ])
    expect(repository.record.pulls).toHaveLength(1)
  })

  it('leaves a branch alone that somebody else committed on', async () => {
    const event = await failing('ruleset')
    const { repository } = on.at
    await updateFailed(on.ctx, event, signal())
    const theirs = await repository.commit([{ path: 'mine', content: 'x' }], 'mine', branch)
    const other = { ...event, reason: 'service "web" is gone' }
    expect((await updateFailed(on.ctx, other, signal())).answer.held).toMatchObject([
      { kind: 'problem', reason: expect.stringContaining('through a pull request') },
    ])
    expect(await repository.head(branch)).toEqual(theirs)
  })
})

describe('a backlog', () => {
  let parts: LabParts
  beforeAll(async () => {
    parts = await prepareLab()
  })

  it('of 300 updates lands as one commit of three writes', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `app${index}`)
    const files = names.map((name) => [`${name}/compose.yaml`, `services:\n  web:\n${line(name)}`])
    const on = await ground(parts, Object.fromEntries(files))
    for (const name of names) {
      publish(on, name, '1.0.0', 1)
      publish(on, name, '1.1.0', 2)
    }
    await on.at.github.token(signal())
    on.at.asked()
    const event = { kind: 'image-published', repositories: 'all' } as const
    const { answer } = await imagePublished(on.ctx, event, signal())
    expect(answer.commits).toHaveLength(1)
    const writes = on.at.asked().filter((call) => /^(?:POST|PATCH) \/git\//u.test(call))
    expect(writes).toHaveLength(3)
    expect(await on.at.repository.read('app299/compose.yaml')).toContain('1.1.0@')
    await on.close()
  })

  it('of pull requests is worked off as GitHub’s limits allow, and is never refused', async () => {
    const names = Array.from({ length: 13 }, (_, index) => `app${index}`)
    const text = names.map((name) => `  ${name}:\n${line(name, ', "mode": "pr"')}`).join('')
    const settings = 'pullRequests: {labels: [deps], reviewers: [operator]}\n'
    const on = await ground(parts, {
      'shop/compose.yaml': `services:\n${text}`,
      '.magos.yaml': settings,
    })
    for (const name of names) {
      publish(on, name, '1.0.0', 1)
      publish(on, name, '1.1.0', 2)
    }
    let waits = 0
    for (let tries = 0; tries < 10; tries += 1) {
      try {
        await proposalsDue(
          on.ctx,
          { ...all, kind: 'proposals-due', repositories: 'all', branches: [] },
          signal(),
        )
        break
      } catch (error) {
        if (!(error instanceof MagosError) || error.retryAt === undefined) throw error
        waits += 1
        on.at.clock.advance(error.retryAt - on.at.clock.now())
      }
    }
    expect(waits).toBeGreaterThan(0)
    expect(on.at.repository.record.pulls).toHaveLength(names.length)
    expect(on.at.lab.requests.filter(({ status }) => status === 403 || status === 429)).toEqual([])
    await on.close()
  })
})
