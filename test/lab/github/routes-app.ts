import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import { mintToken } from './auth.ts'
import { parameter, repositoryOf } from './call.ts'
import type { Call, Handlers, Lab } from './call.ts'
import type { Delivery } from './deliveries.ts'
import { isObject, listField, textField } from './json.ts'
import type { JsonObject } from './json.ts'
import { isoSeconds } from './iso-time.ts'
import {
  appShape,
  fromEntries,
  installationShape,
  page,
  pageLinks,
  repositoryShape,
} from './shapes.ts'
import { covers, findInstallation } from './state.ts'
import type { AppRecord, InstallationRecord, Level, RepositoryRecord, State } from './state.ts'

/** What an App asks about itself: https://docs.github.com/en/rest/apps */
export const appRoutes: Handlers<
  `${string} /app${string}` | `${string} /installation/${string}` | `${string}/installation`
> = {
  'GET /app': ({ state }, call) => ({ status: 200, body: appShape(state, appOf(call)) }),
  'GET /app/installations': listInstallations,
  'GET /app/installations/{installation_id}': ({ state }, call) => ({
    status: 200,
    body: installationShape(state, installationOf(state, call)),
  }),
  'DELETE /app/installations/{installation_id}': ({ state }, call) => {
    state.installations.delete(installationOf(state, call).id)
    return { status: 204 }
  },
  'POST /app/installations/{installation_id}/access_tokens': mint,
  'PUT /app/installations/{installation_id}/suspended': ({ state }, call) => {
    installationOf(state, call).suspendedAt = state.now()
    return { status: 204 }
  },
  'DELETE /app/installations/{installation_id}/suspended': ({ state }, call) => {
    installationOf(state, call).suspendedAt = null
    return { status: 204 }
  },
  'GET /app/hook/config': (_lab, call) => ({ status: 200, body: hookConfig(appOf(call)) }),
  'PATCH /app/hook/config': changeHook,
  'GET /app/hook/deliveries': listDeliveries,
  'GET /app/hook/deliveries/{delivery_id}': ({ deliveries }, call) => ({
    status: 200,
    body: deliveryShape(deliveryOf(deliveries.log, call)),
  }),
  'POST /app/hook/deliveries/{delivery_id}/attempts': ({ deliveries }, call) => {
    deliveries.redeliver(deliveryOf(deliveries.log, call).id)
    return { status: 202, body: {} }
  },
  'GET /repos/{owner}/{repo}/installation': ({ state }, call) => {
    const found = findInstallation(state, appOf(call), repositoryOf(call))
    if (found === null) throw new ApiError(404, 'Not Found')
    return { status: 200, body: installationShape(state, found) }
  },
  'GET /installation/repositories': listRepositories,
}

function appOf({ caller }: Call): AppRecord {
  if (caller.kind !== 'app') throw new ApiError(401, 'A JSON web token could not be decoded')
  return caller.app
}

function installationOf(state: State, call: Call): InstallationRecord {
  const found = state.installations.get(Number(parameter(call, 'installation_id')))
  if (found === undefined || found.app !== appOf(call)) throw new ApiError(404, 'Not Found')
  return found
}

function listInstallations({ state }: Lab, call: Call): Answer {
  const app = appOf(call)
  const all = [...state.installations.values()].filter((held) => held.app === app)
  const body = page(all, call.query).map((held) => installationShape(state, held))
  return { status: 200, body, headers: pageLinks(call.url, all.length) }
}

// ---------------------------------------------------------------- tokens

function mint({ state }: Lab, call: Call): Answer {
  const installation = installationOf(state, call)
  const repositories = askedRepositories(state, installation, call.body)
  const token = mintToken(state, installation, {
    repositories,
    permissions: askedPermissions(call.body),
  })
  const body = fromEntries([
    ['token', token.value],
    ['expires_at', isoSeconds(token.expiresAt)],
    ['permissions', { ...token.permissions }],
    ['repository_selection', repositories === 'all' ? 'all' : 'selected'],
    [
      'repositories',
      repositories === 'all' ? undefined : repositories.map((held) => repositoryShape(state, held)),
    ],
  ])
  return { status: 201, body }
}

function askedRepositories(
  state: State,
  installation: InstallationRecord,
  body: JsonObject,
): 'all' | readonly RepositoryRecord[] {
  const names = listField(body, 'repositories')
  const ids = listField(body, 'repository_ids')
  if (names === undefined && ids === undefined) return 'all'
  const wanted = [...(names ?? []), ...(ids ?? [])]
  return wanted.map((asked) => {
    const found = state.repositories.find(
      (held) => covers(installation, held) && [held.name, held.id].some((key) => key === asked),
    )
    if (found !== undefined) return found
    throw new ApiError(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    )
  })
}

function askedPermissions(body: JsonObject): Readonly<Record<string, Level>> {
  const { permissions } = body
  const asked = Object.entries(isObject(permissions) ? permissions : {})
  return Object.fromEntries(
    asked.flatMap(([name, level]) =>
      level === 'read' || level === 'write' || level === 'admin' ? [[name, level] as const] : [],
    ),
  )
}

function listRepositories({ state }: Lab, { caller, query, url }: Call): Answer {
  if (caller.kind !== 'installation') {
    throw new ApiError(403, 'You must authenticate with an installation access token')
  }
  const { repositories, installation } = caller.token
  const seen = state.repositories.filter(
    (held) => covers(installation, held) && (repositories === 'all' || repositories.has(held.id)),
  )
  const body = {
    total_count: seen.length,
    repository_selection: installation.repositories === 'all' ? 'all' : 'selected',
    repositories: page(seen, query).map((held) => repositoryShape(state, held)),
  }
  return { status: 200, body, headers: pageLinks(url, seen.length) }
}

// ---------------------------------------------------------------- hook

function hookConfig({ hook }: AppRecord): JsonObject {
  return {
    content_type: 'json',
    insecure_ssl: '0',
    secret: '********',
    ...(hook === null ? {} : { url: hook.url }),
  }
}

function changeHook(_lab: Lab, call: Call): Answer {
  const app = appOf(call)
  const { url = '', secret = '' } = app.hook ?? {}
  app.hook = {
    url: textField(call.body, 'url') ?? url,
    secret: textField(call.body, 'secret') ?? secret,
  }
  return { status: 200, body: hookConfig(app) }
}

function listDeliveries({ deliveries }: Lab, call: Call): Answer {
  const app = appOf(call)
  const { query, url } = call
  const [status, cursor] = [query.get('status'), query.get('cursor')]
  const all = deliveries.log
    .filter((delivery) => delivery.app === app)
    .filter((delivery) => status === null || (status === 'success') === (delivery.status === 'OK'))
    .toReversed()
  const from = cursor === null ? all : all.filter((delivery) => delivery.id < Number(cursor))
  const size = Number(query.get('per_page') ?? 30)
  const listed = from.slice(0, size)
  const last = listed.at(-1)
  const next = new URL(url)
  if (last !== undefined) next.searchParams.set('cursor', String(last.id))
  const headers: Record<string, string> =
    from.length > size ? { link: `<${next.href}>; rel="next"` } : {}
  return { status: 200, body: listed.map(deliveryItemShape), headers }
}

function deliveryOf(log: readonly Delivery[], call: Call): Delivery {
  const id = Number(parameter(call, 'delivery_id'))
  const found = log.find((delivery) => delivery.id === id && delivery.app === appOf(call))
  // The description knows no 404 here.
  if (found === undefined) throw new ApiError(404, 'Not Found')
  return found
}

function deliveryItemShape(delivery: Delivery): JsonObject {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: isoSeconds(delivery.deliveredAt),
    redelivery: delivery.redelivery === 'again',
    duration: delivery.duration,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  }
}

function deliveryShape(delivery: Delivery): JsonObject {
  return {
    ...deliveryItemShape(delivery),
    url: delivery.url,
    request: { headers: { ...delivery.headers }, payload: delivery.payload },
    response: { headers: {}, payload: delivery.response },
  }
}
