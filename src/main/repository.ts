import { join } from 'node:path'
import { createDirectorySource } from '../adapters/git/directory-source.ts'
import { createLocalSource } from '../adapters/git/local-source.ts'
import type { Config, RepositorySetting } from '../config/config.ts'
import { MagosError } from '../domain/error.ts'
import type {
  Ancestry,
  Committer,
  Installation,
  Proposals,
  Pulls,
  Reporters,
  Reports,
  Source,
} from '../ports.ts'
import type { Base } from './base.ts'

/** The watched repository from every side. */
export interface Repository {
  readonly source: Source
  readonly ancestry: Ancestry
  readonly committer: Committer
  readonly proposals: Proposals | null
  readonly pulls: Pulls | null
  readonly reports: Reports | null
  readonly reporters: Reporters | null
  readonly installation: Installation | null
  /** Name of the watched branch. */
  branchName(signal: AbortSignal): Promise<string>
}

/** Throws `configuration` without `MD_REPO`, or without the App that it needs. */
export async function openRepository(base: Base): Promise<Repository> {
  const { repository } = base.config
  if (repository === null) throw withoutRepository()
  return repository.kind === 'local'
    ? openLocal(base, repository.path)
    : openGitHub(base, repository)
}

/** For commands that only look: without `MD_REPO` the working directory as it lies. */
export async function openSource(base: Base): Promise<Source> {
  return (await openPast(base)).source
}

/** The same with its past, of which the working directory has none. */
export async function openPast(base: Base): Promise<Pick<Repository, 'source' | 'ancestry'>> {
  const { config, run, workingDirectory } = base
  if (config.repository !== null) return openRepository(base)
  return {
    source: createDirectorySource({ path: workingDirectory, run }),
    ancestry: { revision: async () => null, between: async () => null },
  }
}

async function openLocal({ config, run }: Base, path: string): Promise<Repository> {
  const { createLocalCommitter } = await import('../adapters/git/local-committer.ts')
  const source = createLocalSource({ path, branch: config.branch, run })
  const branch = (signal: AbortSignal) => source.branchName(signal)
  return {
    source,
    ancestry: source,
    committer: createLocalCommitter({ path, branch, run, identity: identity(config) }),
    proposals: null,
    pulls: null,
    reports: null,
    reporters: null,
    installation: null,
    branchName: branch,
  }
}

/** Local commits carry Magos's own name, so that no git configuration is needed. */
function identity({ host }: Config) {
  return { name: 'Magos Dominus', email: `magos@${host}` }
}

async function openGitHub(
  base: Base,
  { owner, name }: Extract<RepositorySetting, { kind: 'github' }>,
): Promise<Repository> {
  const { config, clock, log, http } = base
  const { apiUrl, serverUrl, app } = config.github
  if (app === null) throw withoutApp()
  const [{ createGitHub }, { createRemoteSource }] = await Promise.all([
    import('../adapters/github/github.ts'),
    import('../adapters/git/remote-source.ts'),
  ])
  const branch = (signal: AbortSignal) => source.branchName(signal)
  const github = createGitHub({
    apiUrl,
    serverUrl,
    appId: app.id,
    privateKey: app.privateKey.reveal(),
    owner,
    repo: name,
    branch,
    log,
    clock,
    fetch: (input, init) => http.fetch(input, init),
  })
  const source = createRemoteSource({
    url: `${serverUrl}/${owner}/${name}.git`,
    branch: config.branch,
    directory: join(config.dataDirectory, 'git'),
    token: (signal, options) => github.token(signal, options),
    http,
    log,
  })
  const { committer, proposals, pulls, reports, reporters, installation } = github
  const told = { reports, reporters, installation }
  const sides = { source, ancestry: source, committer, proposals, pulls, ...told }
  return { ...sides, branchName: branch }
}

export function withoutRepository(): MagosError {
  return new MagosError('configuration', 'Cannot work without a repository: MD_REPO is not set', {
    remedy:
      'Set MD_REPO to owner/name, to the https URL of a GitHub repository, or to a local path',
  })
}

function withoutApp(): MagosError {
  return new MagosError(
    'configuration',
    'Cannot work on a GitHub repository: GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY are not set',
    { remedy: 'Create a GitHub App, install it on the repository, and set both' },
  )
}
