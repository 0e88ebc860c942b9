import { describe, expect, it } from 'vitest'
import { imagePublished } from '../../handlers/image-published.ts'
import { proposalsDue } from '../../handlers/proposals-due.ts'
import { syncRequested } from '../../handlers/sync-requested.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { ProposalsDue } from '../../src/domain/event.ts'
import type { Proposals } from '../../src/ports.ts'
import { createWorld, digest, signal } from './world.ts'
import type { World } from './world.ts'

const app = { registry: 'ghcr.io', repository: 'o/app' }
const db = { registry: 'ghcr.io', repository: 'o/db' }
const all: ProposalsDue = { kind: 'proposals-due', repositories: 'all', branches: [] }

/** One line of one image, at version 1.0.0 and digest 1. */
function line(name: string, keys = '', at = `1.0.0@${digest(1)}`): string {
  const rest = keys === '' ? '' : `, ${keys}`
  return `    image: ghcr.io/o/${name}:${at} # {"magos": {"policy": "semver"${rest}}}\n`
}

function stack(...lines: readonly string[]): string {
  return `services:\n${lines.map((text, index) => `  s${index}:\n${text}`).join('')}`
}

function world(files: Record<string, string>): World {
  const made = createWorld(files)
  for (const name of [app, db]) {
    made.registry.push(name, '1.0.0', digest(1))
    made.registry.push(name, '1.1.0', digest(2))
  }
  return made
}

const one = () => world({ 'shop/compose.yaml': stack(line('app', '"mode": "pr"')) })
const pass = (at: World, event = all) => proposalsDue(at.ctx, event, signal)
const reasons = async (at: World) =>
  (await pass(at)).answer.held.map(({ kind, reason }) => `${kind}: ${reason}`)

describe('proposalsDue()', () => {
  it('opens a pull request, and the image waits in it', async () => {
    const at = one()
    const { answer, followUps } = await pass(at)
    expect(at.git.made).toEqual([])
    expect(followUps).toEqual([])
    expect(answer).toEqual({
      commits: [],
      held: [
        {
          file: 'shop/compose.yaml',
          line: 3,
          column: 12,
          image: `ghcr.io/o/app:1.0.0@${digest(1)}`,
          reason: '"1.1.0" waits in pull request #1 (https://github.example/pull/1)',
          kind: 'waits',
        },
      ],
    })
    const [pull] = at.proposals.pulls
    expect(pull?.branch).toMatch(/^magos\/nas\/app-[0-9a-f]{8}$/u)
    expect(pull?.title).toBe('chore(shop): update ghcr.io/o/app 1.0.0 → 1.1.0')
    expect(pull?.held.message).toContain(`Magos-To: 1.1.0@${digest(2)}\n`)
    expect(pull?.held.files).toEqual([
      {
        path: 'shop/compose.yaml',
        mode: '100644',
        content: stack(line('app', '"mode": "pr"', `1.1.0@${digest(2)}`)),
      },
    ])
  })

  it('writes nothing while the pull request says what it shall say', async () => {
    const at = one()
    await pass(at)
    const { length } = at.proposals.writes
    expect(await reasons(at)).toEqual([
      'waits: "1.1.0" waits in pull request #1 (https://github.example/pull/1)',
    ])
    expect(at.proposals.writes).toHaveLength(length)
  })

  it('brings it up to date in place as newer versions come', async () => {
    const at = one()
    await pass(at)
    at.registry.push(app, '1.2.0', digest(3))
    await pass(at)
    expect(at.proposals.pulls).toMatchObject([
      { number: 1, title: 'chore(shop): update ghcr.io/o/app 1.0.0 → 1.2.0', state: 'open' },
    ])
    expect(at.proposals.pulls[0]?.held.message).toContain(`Magos-To: 1.2.0@${digest(3)}`)
  })

  it('makes it anew where it conflicts with what came meanwhile', async () => {
    const at = one()
    await pass(at)
    const changed = `# mine\n${stack(line('app', '"mode": "pr"'))}`
    at.git.change({ 'shop/compose.yaml': changed })
    await pass(at)
    expect(at.proposals.pulls).toHaveLength(1)
    expect(at.proposals.pulls[0]?.held.files[0]?.content).toMatch(/^# mine\n[^]*1\.1\.0@/u)
  })

  it('never writes over somebody else’s commit, and says that it waits', async () => {
    const at = one()
    await pass(at)
    const branch = at.proposals.pulls[0]?.branch ?? ''
    at.proposals.commitByHand(branch)
    const theirs = at.proposals.branch(branch)
    at.registry.push(app, '1.2.0', digest(3))
    expect(await reasons(at)).toEqual([
      'waits: "1.2.0" waits: #1 proposes another version, and somebody else committed on its branch (https://github.example/pull/1)',
    ])
    expect(at.proposals.branch(branch)).toBe(theirs)
  })

  it('takes a pull request that a person closed for "not this version", also without our memory', async () => {
    const at = one()
    await pass(at)
    at.proposals.closeByHand(1)
    const { length } = at.proposals.writes
    expect(await reasons(at)).toEqual([
      'waits: "1.1.0" was declined: #1 was closed without a merge (https://github.example/pull/1)',
    ])
    // A rebuilt tag is the same version.
    at.registry.push(app, '1.1.0', digest(9))
    expect(await reasons(at)).toHaveLength(1)
    expect(at.proposals.writes).toHaveLength(length)
    at.registry.push(app, '1.2.0', digest(3))
    await pass(at)
    expect(at.proposals.pulls.map(({ state }) => state)).toEqual(['closed', 'open'])
  })

  it('takes a digest that was declined for that digest alone where the tag never changes', async () => {
    const text = `    image: ghcr.io/o/app:latest@${digest(1)} # {"magos": {"policy": "latest", "mode": "pr"}}\n`
    const at = world({ 'shop/compose.yaml': stack(text) })
    at.registry.push(app, 'latest', digest(5))
    await pass(at)
    at.proposals.closeByHand(1)
    await pass(at)
    expect(at.proposals.pulls).toHaveLength(1)
    at.registry.push(app, 'latest', digest(6))
    await pass(at)
    expect(at.proposals.pulls).toHaveLength(2)
  })

  it('closes what the branch has already, with a word why, and may propose the next one again', async () => {
    const at = one()
    await pass(at)
    at.git.put({ 'shop/compose.yaml': stack(line('app', '"mode": "pr"', `1.1.0@${digest(2)}`)) })
    await pass(at)
    const [pull] = at.proposals.pulls
    expect(pull).toMatchObject({ state: 'closed' })
    expect(pull?.comments).toEqual([
      'Closed by Magos: the branch has what it proposed, or nothing wants it any more.',
    ])
    // What Magos closed itself was declined by nobody.
    at.git.put({ 'shop/compose.yaml': stack(line('app', '"mode": "pr"')) })
    await pass(at)
    expect(at.proposals.pulls.map(({ state }) => state)).toEqual(['closed', 'open'])
  })

  it('closes the pull request of a line that is gone', async () => {
    const at = one()
    await pass(at)
    at.git.put({ 'shop/compose.yaml': stack(line('app')) })
    await pass(at)
    expect(at.proposals.pulls).toMatchObject([{ state: 'closed' }])
  })

  it.each([
    ['a registry that gives no answer', (at: World) => at.registry.fail(app, 'network')],
    [
      'a file that does not read',
      (at: World) => void at.git.change({ 'shop/compose.yaml': 'services: {\n' }),
    ],
    [
      'a broken annotation',
      (at: World) => void at.git.put({ 'shop/compose.yaml': stack(line('app', '"mode": "x"')) }),
    ],
  ])('closes nothing because of %s', async (_title, act) => {
    const at = one()
    await pass(at)
    act(at)
    await pass(at)
    expect(at.proposals.pulls).toMatchObject([{ state: 'open', comments: [] }])
  })

  it('closes nothing while a registry gives no answer, conflicts or not', async () => {
    const at = one()
    await pass(at)
    at.git.change({ 'shop/compose.yaml': `# mine\n${stack(line('app', '"mode": "pr"'))}` })
    at.registry.fail(app, 'network')
    await pass(at)
    expect(at.proposals.pulls).toMatchObject([{ state: 'open', comments: [] }])
  })

  it('closes nothing of a group while one of its files does not read', async () => {
    const at = world({
      'shop/compose.yaml': stack(line('app', '"group": "g"', `1.1.0@${digest(2)}`)),
      'store/compose.yaml': stack(line('db', '"group": "g"')),
      '.magos.yaml': 'defaults: {mode: pr}\n',
    })
    await pass(at)
    expect(at.proposals.pulls).toMatchObject([{ state: 'open' }])
    at.git.change({ 'store/compose.yaml': 'services: {\n' })
    await pass(at)
    expect(at.proposals.pulls).toMatchObject([{ state: 'open', comments: [] }])
  })

  it('leaves a pull request open that somebody else works on, though nothing asks for it', async () => {
    const at = one()
    await pass(at)
    at.proposals.commitByHand(at.proposals.pulls[0]?.branch ?? '')
    at.git.put({ 'shop/compose.yaml': stack(line('app')) })
    await pass(at)
    expect(at.proposals.pulls).toMatchObject([{ state: 'open', comments: [] }])
  })

  it('puts a group into one pull request, over stacks and images', async () => {
    const at = world({
      'shop/compose.yaml': stack(line('app', '"group": "media"')),
      'store/compose.yaml': stack(line('db', '"group": "media"')),
      '.magos.yaml': 'groups: {media: {mode: pr, labels: [media], automerge: false}}\n',
    })
    await pass(at)
    expect(at.proposals.pulls).toMatchObject([
      { title: 'chore: update 2 images in 2 stacks', labels: ['media'] },
    ])
    expect(at.proposals.pulls[0]?.branch).toMatch(/^magos\/nas\/media-/u)
  })

  it('looks at a whole group when one image of it is named', async () => {
    const at = world({
      'shop/compose.yaml': stack(line('app', '"group": "g"'), line('db', '"group": "g"')),
      '.magos.yaml': 'defaults: {mode: pr}\n',
    })
    await pass(at, { ...all, repositories: ['ghcr.io/o/db'] })
    expect(at.proposals.pulls).toMatchObject([{ title: 'chore(shop): update 2 images' }])
  })

  it('proposes the rest of a group where one of its images was declined', async () => {
    const at = world({
      'shop/compose.yaml': stack(line('app', '"group": "g"')),
      '.magos.yaml': 'defaults: {mode: pr}\n',
    })
    await pass(at)
    at.proposals.closeByHand(1)
    at.git.change({
      'shop/compose.yaml': stack(line('app', '"group": "g"'), line('db', '"group": "g"')),
    })
    expect(await reasons(at)).toEqual([
      expect.stringContaining('was declined'),
      expect.stringContaining('waits in pull request #2'),
    ])
    expect(at.proposals.pulls[1]?.title).toBe('chore(shop): update ghcr.io/o/db 1.0.0 → 1.1.0')
  })

  it('commits the images of mode "commit" and proposes the others, each in its own event', async () => {
    const at = world({ 'shop/compose.yaml': stack(line('app'), line('db', '"mode": "pr"')) })
    const published = { kind: 'image-published', repositories: ['ghcr.io/o/app', 'ghcr.io/o/db'] }
    const { answer, followUps } = await imagePublished(
      at.ctx,
      { ...published, kind: 'image-published' },
      signal,
    )
    expect(answer.commits).toHaveLength(1)
    expect(at.git.text('shop/compose.yaml')).toContain(`o/db:1.0.0@${digest(1)}`)
    expect(followUps.map(({ event }) => event)).toEqual([
      { kind: 'revision-pushed' },
      { kind: 'proposals-due', repositories: published.repositories, branches: [] },
    ])
    await pass(at)
    expect(at.proposals.pulls).toHaveLength(1)
  })

  it('merges what is green where that is wanted, and deploys it', async () => {
    const at = one()
    at.git.change({ '.magos.yaml': 'pullRequests: {automerge: true}\n' })
    await pass(at)
    expect(await reasons(at)).toEqual([
      'waits: "1.1.0" waits in pull request #1, its checks have not passed: no check was told yet (https://github.example/pull/1)',
    ])
    at.proposals.tell({ outcome: 'passed', reason: '' })
    const { answer, followUps } = await pass(at)
    const commit = at.git.log()[0]?.revision.commit
    expect(answer.commits).toEqual([commit])
    expect(followUps).toEqual([
      { event: { kind: 'revision-pushed' }, origin: { source: 'own', ref: commit } },
    ])
    expect(at.history.isOurs(commit ?? '')).toBe(true)
    expect(at.git.text('shop/compose.yaml')).toContain('1.1.0@')
  })

  it('merges nothing that somebody else committed on', async () => {
    const at = one()
    at.git.change({ '.magos.yaml': 'pullRequests: {automerge: true}\n' })
    await pass(at)
    at.proposals.commitByHand(at.proposals.pulls[0]?.branch ?? '')
    at.proposals.tell({ outcome: 'passed', reason: '' })
    expect(await reasons(at)).toEqual([expect.stringContaining('a person has to merge')])
    expect(at.proposals.pulls).toMatchObject([{ state: 'open' }])
  })

  it('merges nothing by itself where nobody asked for it', async () => {
    const at = one()
    at.proposals.tell({ outcome: 'passed', reason: '' })
    await pass(at)
    await pass(at)
    expect(at.proposals.pulls).toMatchObject([{ state: 'open' }])
  })

  it('removes the branch after a person’s merge', async () => {
    const at = one()
    await pass(at)
    await at.proposals.mergeByHand(1)
    await pass(at)
    expect(at.proposals.branch(at.proposals.pulls[0]?.branch ?? '')).toBe(null)
  })

  it('tells versions, digests, age, source, comparison and gates', async () => {
    const at = one()
    const source = 'https://github.com/o/app'
    const labels = (revision: string) => ({
      'org.opencontainers.image.source': source,
      'org.opencontainers.image.revision': revision.repeat(40),
    })
    at.registry.label(digest(1), labels('a'))
    at.registry.label(digest(2), labels('b'))
    await pass(at)
    const body = at.proposals.pulls[0]?.body ?? ''
    expect(body).toContain(`| From | \`1.0.0\` \`${digest(1)}\` |`)
    expect(body).toContain(`| To | \`1.1.0\` \`${digest(2)}\` |`)
    expect(body).toContain('| First seen | 2026-01-01 00:01 UTC |')
    expect(body).toContain(
      `<${source}> ([what changed](${source}/compare/${'a'.repeat(40)}...${'b'.repeat(40)}))`,
    )
    expect(body).toContain('| Gates | passed: there for this host’s platform |')
    expect(body).toContain('| Policy | `semver *` |')
  })

  it('opens a pull request also where the registry tells no labels', async () => {
    const at = one()
    at.registry.labels = () => Promise.reject(new MagosError('protocol', 'No labels'))
    await pass(at)
    expect(at.proposals.pulls[0]?.body).toContain('| Source | the image names none |')
  })

  it('lets one group that GitHub refuses stop no other', async () => {
    const at = world({
      'shop/compose.yaml': stack(line('app', '"mode": "pr"'), line('db', '"mode": "pr"')),
    })
    const proposals: Proposals = {
      ...at.proposals,
      propose: (proposal, asked) =>
        proposal.branch.includes('app')
          ? Promise.reject(new MagosError('github', 'Refused', { remedy: 'Do this' }))
          : at.proposals.propose(proposal, asked),
    }
    await expect(proposalsDue({ ...at.ctx, proposals }, all, signal)).rejects.toMatchObject({
      code: 'github',
    })
    expect(at.proposals.pulls).toMatchObject([{ title: expect.stringContaining('o/db') }])
  })

  it('throws a rate limit, so that the rest follows when it ends', async () => {
    const at = one()
    at.proposals.failNext(new MagosError('rate-limit', 'Wait', { retryAt: 5 }))
    await expect(pass(at)).rejects.toMatchObject({ code: 'rate-limit', retryAt: 5 })
    await pass(at)
    expect(at.proposals.pulls).toHaveLength(1)
  })

  it('needs no permission for pull requests where none is wanted', async () => {
    const at = world({ 'shop/compose.yaml': stack(line('app')) })
    at.proposals.failNext(new MagosError('unauthorized', 'Grant it'))
    expect((await pass(at)).answer).toEqual({ commits: [], held: [] })
  })

  it('asks again a registry that an event named and that gave no answer', async () => {
    const at = one()
    at.registry.fail(app, 'network')
    await expect(pass(at, { ...all, repositories: ['ghcr.io/o/app'] })).rejects.toMatchObject({
      code: 'network',
    })
  })

  it('holds the images of a repository that has no pull requests', async () => {
    const at = one()
    const { answer } = await proposalsDue({ ...at.ctx, proposals: null }, all, signal)
    expect(answer.held).toMatchObject([
      { kind: 'problem', reason: 'its updates go by pull request, and this repository has none' },
    ])
  })
})

const sync = (at: World) => syncRequested(at.ctx, { kind: 'sync-requested', stack: null }, signal)

describe('syncRequested() with pull requests', () => {
  it('tells in which pull request an image waits', async () => {
    const { answer } = await sync(one())
    expect(answer.commits).toEqual([])
    expect(answer.held).toMatchObject([
      { kind: 'waits', reason: expect.stringContaining('waits in pull request #1') },
    ])
  })

  it('answers also where GitHub has no time, and leaves the rest to the inbox', async () => {
    const at = one()
    at.proposals.failNext(new MagosError('rate-limit', 'Wait'))
    const { answer, followUps } = await sync(at)
    expect(answer.held).toMatchObject([{ kind: 'waits', reason: 'Wait' }])
    expect(followUps.map(({ event }) => event)).toContainEqual(all)
  })
})
