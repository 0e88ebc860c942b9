import { isIP } from 'node:net'
import { MagosError } from '../../domain/error.ts'
import type { HttpResponse } from '../../host/http-exchange.ts'
import { isPrivateAddress } from '../../host/private-address.ts'
import { bareHost, isLoopbackHost } from '../../host/proxy.ts'
import { type Target, targetOf } from '../../host/target.ts'

/** Whether an answer may send us elsewhere; never where a login or an identity token is sent. */
export type Redirects = 'followed' | 'refused'

const maxRedirects = 5
const statuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export function isRedirect({ status }: HttpResponse): boolean {
  return status >= 300 && statuses.has(status)
}

/** The addresses of a name; none where it does not resolve. */
export type Resolve = (name: string) => Promise<readonly string[]>

/** Where the answer, the redirect after so many others, sends us. Throws `protocol` where nobody may be sent. */
export async function redirectTarget(
  from: Target,
  { status, headers }: HttpResponse,
  redirects: Redirects,
  hops: number,
  resolve: Resolve,
): Promise<Target> {
  const { origin } = from
  const home = new URL(origin + from.path)
  const location = headers['location']
  if (location === undefined || !URL.canParse(location, home.href)) {
    throw new MagosError(
      'protocol',
      `Cannot follow the redirect of "${origin}": its answer ${status} names no address`,
    )
  }
  const target = new URL(location, home)
  const refused = `Refused the redirect of "${origin}" to "${target.origin}"`
  const fault = faultOf(home, target, redirects, hops)
  if (fault !== null) throw new MagosError('protocol', `${refused}: ${fault}`)
  if (isPrivateAddress(bareHost(target)) && !(await isAtHome(bareHost(home), resolve))) {
    const reason = 'it points into a private network, and that registry is not in one'
    const remedy = `Where "${bareHost(home)}" is in your network, let its name resolve to its address there; else let whoever runs it serve its images from where it is`
    throw new MagosError('protocol', `${refused}: ${reason}`, { remedy })
  }
  return targetOf(target)
}

/** Whether a registry is in a private network itself: only there may it know its way. */
async function isAtHome(host: string, resolve: Resolve): Promise<boolean> {
  if (isLoopbackHost(host) || isPrivateAddress(host)) return true
  if (isIP(host) !== 0) return false
  const addresses = await resolve(host)
  return addresses.length > 0 && addresses.every(isPrivateAddress)
}

function faultOf(home: URL, target: URL, redirects: Redirects, hops: number): string | null {
  if (redirects === 'refused') return 'a token server must answer by itself'
  if (hops >= maxRedirects) return `it is the redirect after ${maxRedirects} others`
  if (target.username !== '' || target.password !== '') return 'it carries a login'
  if (target.protocol !== 'https:' && target.protocol !== home.protocol) return 'it leaves TLS'
  if (target.protocol !== 'https:' && target.protocol !== 'http:') return 'it is no web address'
  const entersHost = isLoopbackHost(bareHost(target)) && !isLoopbackHost(bareHost(home))
  return entersHost ? 'it points into this machine' : null
}
