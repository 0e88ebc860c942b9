import type { RepositoryName } from '../../ports.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import type { Answer } from './exchange.ts'
import { type Attempt, refusal, unusable } from './failure.ts'
import { judgeRealm, type TrustedRealms } from './realm.ts'
import type { TokenServer } from './token-server.ts'

/** What a registry demands of whoever asks. */
export type Scheme =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer'
      readonly server: TokenServer
      /** On a repository, as scopes name them: `pull`. */
      readonly actions: string
    }

/** The scheme of an answer 401; what was demanded before counts on. Throws where nobody may log in as it wants. */
export function schemeOf(
  attempt: Attempt,
  { headers, from }: Answer,
  known: Scheme | undefined,
  trusted: TrustedRealms,
): Scheme {
  const challenges = parseChallenges(headers['www-authenticate'] ?? '')
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
  const isBasic = challenges.some(({ scheme }) => scheme === 'basic')
  if (bearer === undefined) {
    if (isBasic) return { kind: 'basic' }
    throw refusal(attempt, 'the registry answered 401 and offers no login that Magos knows')
  }
  const realm = bearer.parameters.get('realm')
  if (realm === undefined) {
    const remedy = `Let whoever runs "${attempt.name.registry}" name a "realm" in its challenge`
    throw unusable(attempt, 'its challenge names no token server', remedy)
  }
  const { name } = attempt
  const verdict = judgeRealm(realm, name.registry, new URL(from.origin), trusted)
  if (verdict.outcome === 'refused') {
    if (isBasic) return { kind: 'basic' }
    throw unusable(attempt, `its token server is not trusted: ${verdict.reason}`, verdict.remedy)
  }
  const server = { realm: verdict.url.href, service: bearer.parameters.get('service') ?? null }
  const before = known?.kind === 'bearer' ? known.actions.split(',') : ['pull']
  const actions = [...new Set([...before, ...readActions(bearer, name)])].join(',')
  return { kind: 'bearer', server, actions }
}

// Only reading, only this repository: ACR wants `metadata_read` for tags; whatever else is asked for is not needed.
function readActions({ parameters }: Challenge, { repository }: RepositoryName): readonly string[] {
  const prefix = `repository:${repository}:`
  return (parameters.get('scope') ?? '')
    .split(' ')
    .filter((scope) => scope.startsWith(prefix))
    .flatMap((scope) => scope.slice(prefix.length).split(','))
    .filter((action) => ['pull', 'metadata_read', 'content_read'].includes(action))
}
