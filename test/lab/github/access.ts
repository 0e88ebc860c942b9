import { ApiError } from './api-error.ts'
import { tokenPermissions } from './auth.ts'
import type { Caller } from './auth.ts'
import type { Operation } from './operations.ts'
import { allows } from './state.ts'
import type { Level, RepositoryRecord } from './state.ts'

type Need =
  | { readonly caller: 'anybody' | 'app' | 'installation' }
  | { readonly caller: 'repository'; readonly permission: string; readonly level: Level }

/** What an operation asks of its caller: https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps */
function needOf(operation: Operation): Need {
  const [method = '', path = ''] = operation.split(' ')
  if (path === '/meta' || path === '/rate_limit') return { caller: 'anybody' }
  if (path.startsWith('/app') || path.endsWith('/installation')) return { caller: 'app' }
  if (path.startsWith('/installation/')) return { caller: 'installation' }
  return {
    caller: 'repository',
    permission: permissionOf(path),
    level: method === 'GET' ? 'read' : 'write',
  }
}

function permissionOf(path: string): string {
  const rest = path.replace('/repos/{owner}/{repo}', '')
  if (rest === '' || rest.startsWith('/rules')) return 'metadata'
  if (rest.includes('/status')) return rest.startsWith('/deployments') ? 'deployments' : 'statuses'
  if (rest.startsWith('/deployments')) return 'deployments'
  // Labels and comments of a pull request are its own; issues have a permission beside it.
  if (rest.startsWith('/issues')) return 'pull_requests'
  if (rest.startsWith('/pulls')) return rest.endsWith('/merge') ? 'contents' : 'pull_requests'
  return rest.includes('/check-runs') ? 'checks' : 'contents'
}

/** Throws as GitHub refuses: 401 without credentials, 404 for what is not seen, 403 for what is not allowed. */
export function authorize(
  operation: Operation,
  caller: Caller,
  repository: RepositoryRecord | null,
): void {
  const need = needOf(operation)
  if (need.caller === 'anybody') return
  if (need.caller === 'app') {
    if (caller.kind !== 'app') throw new ApiError(401, 'A JSON web token could not be decoded')
    return
  }
  if (caller.kind === 'nobody') throw new ApiError(401, 'Requires authentication')
  if (caller.kind === 'app') {
    throw new ApiError(403, 'Resource not accessible by integration')
  }
  if (need.caller !== 'repository' || caller.kind === 'person') return
  if (repository === null) throw new ApiError(404, 'Not Found')
  const granted = tokenPermissions(caller.token, repository)
  const { permission, level } = need
  if (allows(granted, permission, level)) return
  const seen = allows(granted, 'metadata', 'read') || repository.visibility === 'public'
  if (!seen) throw new ApiError(404, 'Not Found')
  if (repository.visibility === 'public' && level === 'read') return
  throw new ApiError(403, 'Resource not accessible by integration', {
    headers: { 'x-accepted-github-permissions': `${permission}=${level}` },
  })
}
