import type {
  Clock,
  Committer,
  Installation,
  Log,
  Proposals,
  Pulls,
  Reporters,
  Reports,
} from '../../ports.ts'
import { createAppClient } from './app-client.ts'
import type { Fetch } from './app-client.ts'
import { createBudget } from './budget.ts'
import { createClient } from './client.ts'
import { createCommitter } from './committer.ts'
import { createInstallation } from './installation.ts'
import { createOwnLogin } from './own-login.ts'
import { toPkcs8 } from './private-key.ts'
import { createProposals } from './proposals.ts'
import { createPulls } from './pulls.ts'
import { createReporters, createReports } from './reports.ts'
import { createTokens } from './tokens.ts'
import { createWriteOrder } from './write-order.ts'

export interface GitHubOptions {
  /** Root of the API: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server. */
  readonly apiUrl: string
  /** Root of the pages for people: `https://github.com`. */
  readonly serverUrl: string
  /** The App's id, or its client id. */
  readonly appId: number | string
  /** PEM, PKCS#1 as GitHub gives it out, or PKCS#8. */
  readonly privateKey: string
  readonly owner: string
  readonly repo: string
  /** Name of the watched branch, asked at every commit. */
  readonly branch: (signal: AbortSignal) => string | Promise<string>
  readonly log: Log
  readonly clock: Clock
  /** Default: Node's own. */
  readonly fetch?: Fetch
  /** ms that one call may take; default 30,000. */
  readonly timeout?: number
}

export interface GitHub {
  readonly committer: Committer
  readonly proposals: Proposals
  readonly pulls: Pulls
  readonly reports: Reports
  readonly reporters: Reporters
  readonly installation: Installation
  /**
   * An installation token for git over HTTP, as password of `x-access-token`, scoped to the repository. `refresh` mints
   * anew, for who was refused with the last one. Throws `network`, `rate-limit`, `unauthorized`, `not-found`, `github`.
   */
  token(signal: AbortSignal, options?: { readonly refresh?: boolean }): Promise<string>
}

/**
 * GitHub as an App sees it. Nothing is loaded and nothing is asked before the first call. Throws `configuration` for a
 * private key that is none.
 */
export function createGitHub(options: GitHubOptions): GitHub {
  const { owner, repo, branch, clock, log } = options
  const now = (): number => clock.now()
  const budget = createBudget({ now })
  const order = createWriteOrder(clock)
  const app = createAppClient({ ...options, privateKey: toPkcs8(options.privateKey), budget, now })
  const tokens = createTokens({ app, owner, repo, now })
  const client = createClient({ app, tokens, clock })
  const repository = { owner, repo }
  const page = `${options.serverUrl.replace(/\/+$/u, '')}/${owner}/${repo}`
  return {
    committer: createCommitter({ client, budget, order, repository, branch, clock, log }),
    proposals: createProposals({
      client,
      budget,
      order,
      repository,
      branch,
      login: createOwnLogin(app),
      log,
    }),
    pulls: createPulls({ client, repository, branch }),
    reports: createReports({ client, budget, order, repository, page, log }),
    reporters: createReporters({ client, repository }),
    installation: createInstallation({ app, tokens, client, repository, branch }),
    async token(signal, { refresh = false } = {}) {
      const held = refresh ? await tokens.renew(null, signal) : await tokens.get(signal)
      return held.value
    },
  }
}
