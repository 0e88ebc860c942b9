import { MagosError } from '../../domain/error.ts'
import type { Exchange } from './exchange.ts'
import { createSharedWork } from './shared-work.ts'

/** How far a denial goes: a login may count at a registry and still not for one of its repositories. */
export type Reach = 'registry' | 'repository'

/** A login that was not taken, or a stranger who was not let in. */
export interface Denial {
  readonly outcome: 'denied'
  /** Who said so, and how. */
  readonly reason: string
  readonly reach: Reach
}

/** Asks by `check` whether a login counts anywhere, once a minute for each key; whatever cannot be told is of one repository. */
export type ReachOf = (
  key: string,
  signal: AbortSignal,
  check: (signal: AbortSignal) => Promise<Reach>,
) => Promise<Reach>

const checkedFor = 60_000
const mostChecks = 1_000
const maxCheckBody = 64 * 1024

export function createLoginChecks(now: () => number): ReachOf {
  const checked = new Map<string, { readonly reach: Reach; readonly until: number }>()
  const share = createSharedWork<Reach>()
  return async (key, signal, check) => {
    const known = checked.get(key)
    if (known !== undefined && known.until > now()) return known.reach
    return await share(key, signal, async (shared) => {
      const reach = await toldBy(check, shared)
      if (checked.size >= mostChecks) checked.clear()
      checked.set(key, { reach, until: now() + checkedFor })
      return reach
    })
  }
}

/** Where whoever logs in asks, too: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#determining-support */
export async function checkBasic(
  exchange: Exchange,
  origin: string,
  authorization: string,
  signal: AbortSignal,
): Promise<Reach> {
  const { status } = await exchange.ask(
    {
      action: 'Cannot check a login',
      method: 'GET',
      target: { origin, path: '/v2/' },
      headers: {},
      authorization,
      maxBody: maxCheckBody,
      redirects: 'refused',
    },
    signal,
  )
  return status === 401 ? 'registry' : 'repository'
}

async function toldBy(
  check: (signal: AbortSignal) => Promise<Reach>,
  signal: AbortSignal,
): Promise<Reach> {
  try {
    return await check(signal)
  } catch (thrown) {
    signal.throwIfAborted()
    if (!(thrown instanceof MagosError)) throw thrown
    return 'repository'
  }
}
