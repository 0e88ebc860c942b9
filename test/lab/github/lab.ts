import { generateKeyPair, randomBytes } from 'node:crypto'
import type { KeyPairKeyObjectResult } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Lab } from './call.ts'
import { createDeliveries } from './deliveries.ts'
import type { Deliveries } from './deliveries.ts'
import { loadDescription } from './description.ts'
import type { Description } from './description.ts'
import { createFaultPlan } from './faults.ts'
import type { FaultPlan } from './faults.ts'
import { createLimiter } from './limits.ts'
import type { Limiter } from './limits.ts'
import { packagePayload } from './package-payload.ts'
import type { PublishedPackage } from './package-payload.ts'
import { installationPayload, installationRepositoriesPayload, pingPayload } from './payloads.ts'
import type { InstallationAction } from './payloads.ts'
import { announceMove } from './refs.ts'
import { createBareRepository, isoSeconds } from './repository.ts'
import type { TreeChange } from './repository.ts'
import { createListener } from './server.ts'
import type { SeenRequest } from './server.ts'
import { allows, covers } from './state.ts'
import type {
  Account,
  AppRecord,
  Hook,
  InstallationRecord,
  Permissions,
  RepositoryRecord,
  Rule,
  State,
} from './state.ts'

/** What takes long to make and may be shared by many labs. */
export interface LabParts {
  readonly description: Description
  readonly keys: KeyPairKeyObjectResult
}

export async function prepareLab(): Promise<LabParts> {
  const keys = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return { description: await loadDescription(), keys }
}

export interface LabOptions {
  readonly now?: () => number
  /** Default: made for this lab alone. */
  readonly parts?: LabParts
  /** ms until a webhook's receiver has failed; default GitHub's 10,000. */
  readonly deliveryTimeout?: number
}

export interface NewRepository {
  readonly owner?: string
  readonly ownerType?: 'User' | 'Organization'
  readonly name?: string
  readonly branch?: string
  readonly visibility?: 'public' | 'private'
  /** First commit; none: the repository is empty. */
  readonly files?: readonly TreeChange[]
}

export interface LabRepository {
  readonly record: RepositoryRecord
  readonly owner: string
  readonly name: string
  readonly branch: string
  readonly gitDir: string
  /** With a person's credentials in it, for native git. */
  readonly cloneUrl: string
  head(branch?: string): Promise<{ readonly commit: string; readonly tree: string }>
  /** A person commits on the branch; Apps are told as of a push. */
  commit(files: readonly TreeChange[], message?: string): Promise<{ commit: string; tree: string }>
  /** Content of a file; null where there is none. */
  read(path: string, ref?: string): Promise<string | null>
  protect(...rules: readonly Rule[]): void
}

export interface NewApp {
  readonly slug?: string
  readonly permissions?: Permissions
  readonly events?: readonly string[]
  readonly hook?: Hook
}

export interface PackageOptions {
  readonly repository: LabRepository
  readonly name: string
  readonly tag: string
  readonly digest: string
  readonly kind?: PublishedPackage['kind']
  readonly action?: PublishedPackage['action']
  readonly registry?: string
  /** Manifests below the index: each makes an event of its own, with an empty tag. */
  readonly platforms?: PublishedPackage['platforms']
  readonly event?: 'registry_package' | 'package'
}

/** GitHub in a box, over real bare repositories. */
export interface LabGitHub {
  /** Root of the API, and of git over HTTP. */
  readonly url: string
  readonly state: State
  readonly requests: readonly SeenRequest[]
  /** What was outside GitHub's own descriptions, by whomever. Every test ends with none. */
  readonly violations: readonly string[]
  /** Forgets the violations, where a test makes them on purpose. */
  forgive(): void
  readonly faults: FaultPlan
  readonly deliveries: Deliveries
  readonly limiter: Limiter
  createRepository(options?: NewRepository): Promise<LabRepository>
  createApp(options?: NewApp): Promise<AppRecord>
  install(
    app: AppRecord,
    repositories: readonly LabRepository[] | 'all',
    options?: { owner?: string; permissions?: Permissions },
  ): InstallationRecord
  suspend(installation: InstallationRecord): void
  unsuspend(installation: InstallationRecord): void
  uninstall(installation: InstallationRecord): void
  /** The owner accepts (or the App loses) permissions. */
  grant(installation: InstallationRecord, permissions: Permissions): void
  select(installation: InstallationRecord, repositories: readonly LabRepository[]): void
  ping(app: AppRecord): void
  publishPackage(options: PackageOptions): Promise<void>
  /** Resolves when every request was worked off and every delivery was made. */
  settled(): Promise<void>
  close(): Promise<void>
}

const defaultPermissions: Permissions = {
  metadata: 'read',
  contents: 'write',
  packages: 'read',
  pull_requests: 'write',
  deployments: 'write',
  statuses: 'write',
  checks: 'write',
}

export async function startGitHub({
  now = Date.now,
  parts,
  deliveryTimeout = 10_000,
}: LabOptions = {}): Promise<LabGitHub> {
  const { description, keys } = parts ?? (await prepareLab())
  const root = await mkdtemp(join(tmpdir(), 'magos-github-'))
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const state = createState(`http://127.0.0.1:${port}`, now)
  const [requests, violations]: [SeenRequest[], string[]] = [[], []]
  const violate = (problem: string): void => {
    violations.push(problem)
  }
  const deliveries = createDeliveries({
    now,
    nextId: state.nextId,
    description,
    violate,
    timeout: deliveryTimeout,
    maxBytes: 25 * 1024 * 1024,
  })
  const lab: Lab = { state, deliveries, limiter: createLimiter(now) }
  const faults = createFaultPlan()
  const listener = createListener({ lab, root, description, faults, requests, violate })
  const underWay = new Set<Promise<void>>()
  server.on('request', (request, response) => {
    const done = listener(request, response)
      .catch((error: unknown) => {
        violate(`The lab broke: ${error instanceof Error ? (error.stack ?? error.message) : ''}`)
        response.destroy()
      })
      .finally(() => underWay.delete(done))
    underWay.add(done)
  })
  const settled = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.all(underWay)
    await deliveries.settled()
  }
  return {
    url: state.url,
    state,
    requests,
    violations,
    forgive() {
      violations.length = 0
    },
    faults,
    deliveries,
    limiter: lab.limiter,
    createRepository: (options = {}) => createRepository(lab, root, options),
    createApp: async (options = {}) => createApp(state, keys, options),
    ...installing(lab),
    ping(app) {
      const payload = pingPayload(state, app)
      deliveries.send({ app, event: 'ping', payload, installationId: null, repositoryId: null })
    },
    publishPackage: (options) => publishPackage(lab, options),
    settled,
    async close() {
      deliveries.close()
      server.closeAllConnections()
      await settled()
      await new Promise((resolve) => server.close(resolve))
      await rm(root, { recursive: true, force: true })
    },
  }
}

function createState(url: string, now: () => number): State {
  let id = 1000
  const nextId = (): number => ++id
  const person: Account = { id: nextId(), login: 'operator', type: 'User' }
  return {
    url,
    now,
    nextId,
    accounts: new Map([[person.login, person]]),
    apps: new Map(),
    installations: new Map(),
    tokens: new Map(),
    repositories: [],
    personToken: `ghp_${randomBytes(18).toString('hex')}`,
    person,
    tokenLifetime: 3_600_000,
    freshToken: { calls: 0, status: 401 },
  }
}

function account(state: State, login: string, type: Account['type']): Account {
  const found = state.accounts.get(login) ?? { id: state.nextId(), login, type }
  state.accounts.set(login, found)
  return found
}

// ---------------------------------------------------------------- repositories

async function createRepository(
  lab: Lab,
  root: string,
  {
    owner = 'acme',
    ownerType = 'Organization',
    name = 'homelab',
    branch = 'main',
    visibility = 'private',
    files,
  }: NewRepository,
): Promise<LabRepository> {
  const { state } = lab
  const directory = join(root, owner, `${name}.git`)
  const git = await createBareRepository(directory, branch)
  let last: Promise<unknown> = Promise.resolve()
  const record: RepositoryRecord = {
    id: state.nextId(),
    owner: account(state, owner, ownerType),
    name,
    defaultBranch: branch,
    visibility,
    archived: false,
    git,
    rules: [],
    content: 'unknown',
    statuses: [],
    deployments: [],
    pulls: [],
    checkRuns: [],
    previous: new Map(),
    createdAt: state.now(),
    pushedAt: state.now(),
    async exclusively(work) {
      const mine = last.then(work, work)
      last = mine.catch(() => undefined)
      return await mine
    },
  }
  state.repositories.push(record)
  const repository = repositoryHandle(lab, record)
  if (files !== undefined) await repository.commit(files, 'first')
  return repository
}

function repositoryHandle(lab: Lab, record: RepositoryRecord): LabRepository {
  const { git, defaultBranch, owner, name } = record
  const { state } = lab
  const cloneUrl = new URL(`${state.url}/${owner.login}/${name}.git`)
  Object.assign(cloneUrl, { username: state.person.login, password: state.personToken })
  const revision = async (commit: string): Promise<{ commit: string; tree: string }> => ({
    commit,
    tree: (await git.readCommit(commit)).tree,
  })
  return {
    record,
    owner: owner.login,
    name,
    branch: defaultBranch,
    gitDir: git.directory,
    cloneUrl: cloneUrl.href,
    async head(branch = defaultBranch) {
      const commit = await git.resolve(`refs/heads/${branch}`, 'commit')
      if (commit === null) throw new Error(`The branch ${branch} does not exist`)
      return await revision(commit)
    },
    commit: (files, message = 'a change') =>
      record.exclusively(
        async () => await revision(await commitByHand(lab, record, files, message)),
      ),
    async read(path, ref = defaultBranch) {
      const tree = await git.resolve(ref, 'tree')
      const items = tree === null ? [] : await git.readTree(tree, 'recursive')
      const found = items.find((item) => item.path === path)
      return found === undefined ? null : (await git.readBlob(found.sha)).toString('utf8')
    },
    protect(...rules) {
      record.rules = rules
    },
  }
}

async function commitByHand(
  lab: Lab,
  repository: RepositoryRecord,
  files: readonly TreeChange[],
  message: string,
): Promise<string> {
  const { git, defaultBranch } = repository
  const { state } = lab
  const ref = `refs/heads/${defaultBranch}`
  const before = await git.resolve(ref, 'commit')
  const base = before === null ? null : (await git.readCommit(before)).tree
  const tree = await git.writeTree(base, files)
  const date = isoSeconds(state.now())
  const author = { name: state.person.login, email: 'operator@example.org', date }
  const parents = before === null ? [] : [before]
  const commit = { tree, parents, author, committer: author, message: `${message}\n` }
  const after = await git.writeCommit(commit)
  if ((await git.updateRef(ref, before, after)) === 'moved') throw new Error(`${ref} moved`)
  await announceMove(lab, repository, { name: ref, before, after }, state.person)
  return after
}

// ---------------------------------------------------------------- Apps

function createApp(
  state: State,
  keys: KeyPairKeyObjectResult,
  {
    slug = 'magos-lab',
    permissions = defaultPermissions,
    events = ['push', 'registry_package', 'package', 'pull_request'],
    hook,
  }: NewApp,
): AppRecord {
  const id = state.nextId()
  const app: AppRecord = {
    id,
    slug,
    clientId: `Iv23li${randomBytes(7).toString('hex')}`,
    owner: state.person,
    bot: account(state, `${slug}[bot]`, 'Bot'),
    privateKey: keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey: keys.publicKey,
    permissions,
    events,
    hook: hook ?? null,
    hookId: state.nextId(),
    createdAt: state.now(),
  }
  state.apps.set(id, app)
  return app
}

type Installing = Pick<
  LabGitHub,
  'install' | 'suspend' | 'unsuspend' | 'uninstall' | 'grant' | 'select'
>

function installing(lab: Lab): Installing {
  const { state, deliveries } = lab
  const announce = (installation: InstallationRecord, action: InstallationAction): void => {
    const covered = state.repositories.filter((repository) => covers(installation, repository))
    const { app, id } = installation
    const payload = installationPayload(state, installation, action, covered)
    deliveries.send({ app, event: 'installation', payload, installationId: id, repositoryId: null })
  }
  return {
    install(app, repositories, { owner, permissions = app.permissions } = {}) {
      const named = repositories === 'all' ? undefined : repositories[0]?.record.owner
      const installation: InstallationRecord = {
        id: state.nextId(),
        app,
        account: named ?? account(state, owner ?? 'acme', 'Organization'),
        repositories:
          repositories === 'all' ? 'all' : new Set(repositories.map(({ record }) => record.id)),
        permissions,
        events: app.events,
        suspendedAt: null,
        createdAt: state.now(),
      }
      state.installations.set(installation.id, installation)
      announce(installation, 'created')
      return installation
    },
    suspend(installation) {
      installation.suspendedAt = state.now()
      announce(installation, 'suspend')
    },
    unsuspend(installation) {
      installation.suspendedAt = null
      announce(installation, 'unsuspend')
    },
    uninstall(installation) {
      announce(installation, 'deleted')
      state.installations.delete(installation.id)
    },
    grant(installation, permissions) {
      installation.permissions = permissions
      announce(installation, 'new_permissions_accepted')
    },
    select(installation, repositories) {
      select(lab, installation, repositories)
    },
  }
}

function select(
  { state, deliveries }: Lab,
  installation: InstallationRecord,
  repositories: readonly LabRepository[],
): void {
  const before = state.repositories.filter((held) => covers(installation, held))
  installation.repositories = new Set(repositories.map(({ record }) => record.id))
  const after = state.repositories.filter((held) => covers(installation, held))
  const added = after.filter((held) => !before.includes(held))
  const removed = before.filter((held) => !after.includes(held))
  const payload = installationRepositoriesPayload(state, installation, { added, removed })
  const { app, id } = installation
  const event = 'installation_repositories'
  deliveries.send({ app, event, payload, installationId: id, repositoryId: null })
}

// ---------------------------------------------------------------- packages

/** One event for every manifest, the index last, as GHCR sends them. */
async function publishPackage(
  { state, deliveries }: Lab,
  {
    repository,
    name,
    tag,
    digest,
    platforms = [],
    kind = platforms.length > 0 ? 'index' : 'image',
    action = 'published',
    registry = 'ghcr.io',
    event = 'registry_package',
  }: PackageOptions,
): Promise<void> {
  const { record } = repository
  const { commit } = await repository.head()
  const children = platforms.map((platform) => ({
    tag: '',
    digest: platform.digest,
    kind: 'image' as const,
  }))
  const watching = [...state.installations.values()].filter(
    (installation) =>
      covers(installation, record) &&
      installation.suspendedAt === null &&
      installation.events.includes(event) &&
      allows(installation.permissions, 'packages', 'read'),
  )
  for (const manifest of [...children, { tag, digest, kind }]) {
    const published = { ...manifest, owner: record.owner, name, action, registry, platforms }
    for (const installation of watching) {
      const context = { repository: record, installation, event, commit, id: state.nextId() }
      deliveries.send({
        app: installation.app,
        event,
        payload: packagePayload(state, published, context),
        installationId: installation.id,
        repositoryId: record.id,
      })
    }
  }
}
