/**
 * A homelab in a box: a GitHub, a registry, a real podman and the environment in which Magos joins them. The engine
 * suite, the demo and the benches share it.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Digest } from '../../src/domain/image-reference.ts'
import { freePort, startDaemon, type DaemonOptions, type LabDaemon } from './daemon.ts'
import type { ImageContent } from './engine/image.ts'
import { startChosen } from './engine/chosen.ts'
import type { LabEngine } from './engine/start.ts'
import { startGitHub, type LabGitHub, type LabRepository } from './github/lab.ts'
import type { AppRecord, StatusRecord } from './github/state.ts'
import { appImage } from './app-image.ts'
import { startDockerRegistry } from './registry/docker-registry.ts'
import { makeImage } from './registry/image.ts'
import { pushMade } from './registry/push.ts'

const run = promisify(execFile)

export interface HomelabOptions {
  /** Default: webhooks come, and the poll is too slow to help. */
  readonly triggers?: 'webhooks' | 'polling'
  /** Default: the real one that this run is about, podman unless it was said otherwise. */
  readonly engine?: () => Promise<LabEngine>
  /** Default: Debian's docker-registry. */
  readonly registry?: () => Promise<HomelabRegistry>
}

/** Any registry of the lab. */
export interface HomelabRegistry {
  readonly host: string
  readonly url: URL
  close(): Promise<void>
}

export interface Homelab {
  readonly engine: LabEngine
  readonly registry: Omit<HomelabRegistry, 'close'>
  readonly github: LabGitHub
  readonly app: AppRecord
  readonly repository: LabRepository
  /** `127.0.0.1:PORT/OWNER/NAME`, as image lines name it. */
  image(name: string): string
  /** Makes an image that no engine has, pushes it and tells nobody. */
  push(name: string, tag: string, content?: ImageContent): Promise<Digest>
  /** The same, and GitHub tells the App of it. */
  publish(name: string, tag: string, content?: ImageContent): Promise<Digest>
  /** The environment in which Magos runs; `over` wins. */
  environment(over?: Readonly<Record<string, string>>): Record<string, string>
  /** A daemon on the repository, ended by `close`; where webhooks do not come it listens anywhere. */
  start(over?: Readonly<Record<string, string>>, options?: DaemonOptions): Promise<LabDaemon>
  /** Resolves once the App told this status of the commit; rejects after half a minute. */
  status(commit: string, context: string): Promise<StatusRecord>
  /** A local repository with these files, bare or checked out; its path. */
  localRepository(
    kind: 'bare' | 'checked-out',
    files: Readonly<Record<string, string>>,
  ): Promise<string>
  close(): Promise<void>
}

const OWNER = 'acme'

/** What was started is ended again where something else does not start. */
export async function startHomelab({
  triggers = 'webhooks',
  engine: bringEngine = startChosen,
  registry: bringRegistry = startDockerRegistry,
}: HomelabOptions = {}): Promise<Homelab> {
  await using started = new AsyncDisposableStack()
  const engine = started.adopt(await bringEngine(), (one) => one.stop().then(() => undefined))
  const registry = started.adopt(await bringRegistry(), (one) => one.close())
  const github = started.adopt(await startGitHub(), (one) => one.close())
  const port = await freePort()
  const secret = randomBytes(24).toString('hex')
  const repository = await github.createRepository({ owner: OWNER, name: 'homelab', files: [] })
  const hook = { url: `http://127.0.0.1:${port}/webhooks/github`, secret }
  const app = await github.createApp(triggers === 'webhooks' ? { hook } : {})
  github.install(app, [repository])
  const daemons: LabDaemon[] = []
  const directory = join(engine.directory, 'magos')
  await mkdir(directory, { mode: 0o700 })
  const image = (name: string) => `${registry.host}/${OWNER}/${name}`

  const push = async (name: string, tag: string, content: ImageContent = {}) => {
    const made = makeImage(appImage(`${name}:${tag}`, content))
    await pushMade(registry, `${OWNER}/${name}`, [tag], made)
    return made.root.digest
  }
  const environment = (over: Readonly<Record<string, string>> = {}) => ({
    ...engine.env,
    MD_REPO: `${OWNER}/homelab`,
    MD_HOST: 'attic',
    // podman would come first where both are.
    ...(engine.runtime === 'docker' ? { MD_RUNTIME: 'docker' } : {}),
    MD_DATA_DIR: join(directory, 'data'),
    MD_CONFIG: join(directory, 'magos.yaml'),
    MD_LISTEN: `127.0.0.1:${triggers === 'webhooks' ? port : 0}`,
    MD_POLL_INTERVAL: triggers === 'webhooks' ? '1h' : '2s',
    MD_LOG_LEVEL: 'debug',
    ...(triggers === 'webhooks' ? { MD_WEBHOOK_SECRET: secret } : {}),
    GITHUB_API_URL: github.url,
    GITHUB_SERVER_URL: github.url,
    GITHUB_APP_ID: String(app.id),
    GITHUB_APP_PRIVATE_KEY: app.privateKey,
    ...over,
  })
  await writeFile(join(directory, 'magos.yaml'), 'settle: 2s\ndeadline: 20s\ndebounce: 1s\n')

  started.move()
  return {
    engine,
    registry,
    github,
    app,
    repository,
    image,
    push,
    environment,
    async publish(name, tag, content) {
      const digest = await push(name, tag, content)
      await github.publishPackage({ repository, name, tag, digest, registry: registry.host })
      return digest
    },
    async start(over, options) {
      const daemon = await startDaemon(environment(over), options)
      daemons.push(daemon)
      return daemon
    },
    status: (commit, context) => findStatus(repository, commit, context),
    localRepository: (kind, files) => createLocal(directory, kind, files),
    async close() {
      await Promise.all(daemons.map((daemon) => daemon.stop()))
      await github.close()
      await registry.close()
      const left = await engine.stop()
      await rm(directory, { recursive: true, force: true })
      if (left.length > 0) throw new Error(`Ended by force: ${left.join(', ')}`)
    },
  }
}

async function findStatus(
  { record }: LabRepository,
  commit: string,
  context: string,
): Promise<StatusRecord> {
  for (let waited = 0; waited < 30_000; waited += 50) {
    const found = record.statuses.findLast((one) => one.sha === commit && one.context === context)
    if (found !== undefined && found.state !== 'pending') return found
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
  throw new Error(`No status "${context}" of ${commit} came within half a minute`)
}

async function createLocal(
  directory: string,
  kind: 'bare' | 'checked-out',
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const work = await mkdtemp(join(directory, 'local-'))
  const git = (...args: string[]) => run('git', ['-C', work, ...args])
  await git('init', '-q', '-b', 'main')
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(work, path)), { recursive: true })
    await writeFile(join(work, path), content)
  }
  await git('add', '.')
  const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
  await git(...person, 'commit', '-q', '-m', 'feat: begin')
  if (kind === 'checked-out') return work
  const bare = `${work}.git`
  await run('git', ['clone', '-q', '--bare', work, bare])
  return bare
}
