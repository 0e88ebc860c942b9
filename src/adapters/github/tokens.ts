import { MagosError } from '../../domain/error.ts'
import type { AppClient } from './app-client.ts'
import { numberField, textField } from './answer.ts'
import { createQueue } from './queue.ts'

export interface Token {
  readonly value: string
  readonly mintedAt: number
  /** `untried` until a call succeeded with it: before that, GitHub may not know it everywhere. */
  state: 'untried' | 'proven'
}

/** The installation's token, minted when it is needed. */
export interface Tokens {
  get(signal: AbortSignal): Promise<Token>
  /** Mints anew, unless somebody else did since `rejected` was handed out; null mints in any case. */
  renew(rejected: Token | null, signal: AbortSignal): Promise<Token>
  /** The next one is minted, and the installation looked up, anew. */
  forget(): void
}

export interface TokensOptions {
  readonly app: AppClient
  readonly owner: string
  readonly repo: string
  readonly now: () => number
}

/** GitHub's tokens live for an hour; counted by our own clock, whatever GitHub's says. */
const usable = 55 * 60_000

export function createTokens(options: TokensOptions): Tokens {
  const { now } = options
  let current: Token | null = null
  let installation: number | null = null
  // One at a time: eight calls that need a token mint one.
  const queue = createQueue('Wait for a GitHub token')

  const mint = async (signal: AbortSignal): Promise<Token> => {
    const known = installation
    installation ??= await findInstallation(options, signal)
    try {
      current = await mintToken(options, installation, signal)
      return current
    } catch (error) {
      installation = null
      // Installed anew it has another id.
      const gone = error instanceof MagosError && error.code === 'not-found' && known !== null
      if (!gone) throw error
      return await mint(signal)
    }
  }
  const fresh = (): Token | null =>
    current !== null && now() < current.mintedAt + usable ? current : null

  return {
    get: async (signal) =>
      fresh() ?? (await queue.run(async () => fresh() ?? (await mint(signal)), signal)),
    renew: (rejected, signal) =>
      queue.run(async () => {
        const held = fresh()
        return rejected !== null && held !== null && held !== rejected ? held : await mint(signal)
      }, signal),
    forget() {
      current = null
      installation = null
    },
  }
}

async function findInstallation(
  { app, owner, repo }: TokensOptions,
  signal: AbortSignal,
): Promise<number> {
  const action = `Find the GitHub App's installation on "${owner}/${repo}"`
  const route = 'GET /repos/{owner}/{repo}/installation'
  const id = numberField(await app.asApp(route, { owner, repo }, { action, signal }), 'id')
  if (id === null) throw new MagosError('protocol', `${action}: the answer has no id`)
  return id
}

async function mintToken(
  { app, repo, owner, now }: TokensOptions,
  installation: number,
  signal: AbortSignal,
): Promise<Token> {
  const action = `Mint a GitHub token for "${owner}/${repo}"`
  const route = 'POST /app/installations/{installation_id}/access_tokens'
  const parameters = { installation_id: installation, repositories: [repo] }
  const mintedAt = now()
  const value = textField(await app.asApp(route, parameters, { action, signal }), 'token')
  if (value === null) throw new MagosError('protocol', `${action}: the answer has no token`)
  return { value, mintedAt, state: 'untried' }
}
