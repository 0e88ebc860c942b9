import type { RepositoryName } from '../../ports.ts'
import { createCredentialMarks } from './credential-mark.ts'
import type { Login } from './credentials.ts'
import type { TurnedDown } from './failure.ts'

/** Logins that were turned down lately: they are not tried again for a while, so that no poll becomes a storm of wrong passwords. */
export interface TurnedDownLogins {
  /** null where the login may be tried. */
  find(name: RepositoryName, login: Login): TurnedDown | null
  /** The registry takes the login for nothing at all. `first`: nobody knew of it. */
  note(name: RepositoryName, login: Login, reason: string): 'first' | 'again'
  /** Without the login something of the repository was read. `first`: nothing of this registry was before. */
  noteRead(name: RepositoryName, turnedDown: TurnedDown): 'first' | 'again'
}

/** ms; two polls, as they are by default. */
const keptFor = 600_000
const most = 10_000

export function createTurnedDownLogins(now: () => number): TurnedDownLogins {
  const reasons = new Map<string, { readonly reason: string; readonly until: number }>()
  const readable = new Set<string>()
  const told = new Set<string>()
  const markOf = createCredentialMarks()
  const keysOf = ({ registry, repository }: RepositoryName, { credential }: Login) => {
    const mark = markOf(credential)
    return { whole: `${registry} ${mark}`, single: `${registry}/${repository} ${mark}` }
  }
  const lasting = (key: string) => {
    const known = reasons.get(key)
    if (known === undefined || known.until > now()) return known
    reasons.delete(key)
    return undefined
  }
  const keep = (key: string, reason: string) => {
    if (reasons.size >= most) reasons.clear()
    reasons.set(key, { reason, until: now() + keptFor })
  }
  return {
    find(name, login) {
      // A step less, for every question to a registry takes this way.
      if (reasons.size === 0) return null
      const { whole, single } = keysOf(name, login)
      const known = lasting(whole) ?? lasting(single)
      if (known === undefined) return null
      const repository = readable.has(single) ? 'public' : 'unknown'
      return { login, reason: known.reason, repository }
    },
    note(name, login, reason) {
      const { whole } = keysOf(name, login)
      const isKnown = lasting(whole) !== undefined
      keep(whole, reason)
      return isKnown ? 'again' : 'first'
    },
    noteRead(name, { login, reason }) {
      const { whole, single } = keysOf(name, login)
      if (lasting(whole) === undefined && lasting(single) === undefined) keep(single, reason)
      add(readable, single)
      return add(told, whole)
    },
  }
}

function add(known: Set<string>, key: string): 'first' | 'again' {
  if (known.has(key)) return 'again'
  if (known.size >= most) known.clear()
  known.add(key)
  return 'first'
}
