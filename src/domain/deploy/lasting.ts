import { dependenciesOf, sharedWith } from '../compose/service-order.ts'
import { members } from './members.ts'

/**
 * Services that surely are no one-shots, and why, in words. One that others wait for with
 * `service_completed_successfully` is a one-shot whatever else is said of it. The check of health that an image brings
 * along says nothing: what migrates a database often runs the application's own image.
 */
export function lastingServices(
  services: Services,
  probed: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const names = Object.keys(services)
  const waits = names.flatMap((by) =>
    dependenciesOf(services, by).map(({ service, condition }) => ({ service, condition, by })),
  )
  const lasting = new Map<string, string>()
  for (const [name, service] of Object.entries(services)) {
    const waiting = waits.filter((one) => one.service === name)
    if (waiting.some(({ condition }) => condition === 'service_completed_successfully')) continue
    const own = ownReason(service) ?? (probed.has(name) ? 'it has a probe' : null)
    const reason = own ?? needOf(services, name, waiting)
    if (reason !== null) lasting.set(name, reason)
  }
  return lasting
}

/** A bare `depends_on` says nothing: people write it for what only prepares something, too. */
function needOf(
  services: Services,
  name: string,
  waiting: readonly { readonly by: string; readonly condition: string }[],
): string | null {
  const healthy = waiting.find(({ condition }) => condition === 'service_healthy')
  if (healthy !== undefined) return `service "${healthy.by}" waits until it is healthy`
  const joined = Object.entries(services).find(([, service]) =>
    SHARED.some((key) => sharedWith(service[key]) === name),
  )
  if (joined === undefined) return null
  return `service "${joined[0]}" lives in its network or among its processes`
}

/** Keys by which a service lives within another's container. */
const SHARED = ['network_mode', 'ipc', 'pid'] as const

type Services = Readonly<Record<string, Readonly<Record<string, unknown>>>>

function ownReason(service: Readonly<Record<string, unknown>>): string | null {
  const { ports, healthcheck } = service
  if (Array.isArray(ports) && ports.length > 0) return 'it publishes ports'
  return isCheck(members(healthcheck)) ? 'it has a health check' : null
}

/** https://github.com/compose-spec/compose-spec/blob/main/05-services.md#healthcheck */
function isCheck({ test, disable }: Readonly<Record<string, unknown>>): boolean {
  const [first] = Array.isArray(test) ? test : [test]
  return first !== undefined && first !== null && first !== 'NONE' && disable !== true
}
