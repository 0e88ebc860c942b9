import { MagosError } from '../../domain/error.ts'
import type { Log, PullCredential, RepositoryName } from '../../ports.ts'
import type { Credentials, Login } from './credentials.ts'
import type { Dialogue, Said } from './dialogue.ts'
import type { Inquiry, Reply } from './inquiry.ts'
import { type Attempt, refusal, renewal, type TurnedDown } from './failure.ts'
import { createTurnedDownLogins } from './turned-down.ts'

/** Asks registries with the login that is kept for each repository, and without it where it is turned down. */
export interface Client {
  /** Throws `unauthorized` when there is no way in; every other status is the caller's to judge. */
  ask(inquiry: Inquiry, signal: AbortSignal): Promise<Reply>
  /** What `ask` gets in with. */
  credential(name: RepositoryName, signal: AbortSignal): Promise<PullCredential>
}

export interface ClientOptions {
  readonly dialogue: Dialogue
  readonly credentials: Credentials
  readonly now: () => number
  readonly log: Log
}

/** The one that was kept, and the one that stands in its place by then. */
const mostLogins = 2

export function createClient({ dialogue, credentials, now, log }: ClientOptions): Client {
  const turnedDownLogins = createTurnedDownLogins(now)
  const consulted = () => credentials.consulted()

  return {
    async ask(inquiry, signal) {
      for (let denied: TurnedDown | null = null, logins = 0; ; logins += 1) {
        const attempt = await begin(inquiry, denied, logins, signal)
        const said = await sayOf(inquiry, attempt, signal)
        if (said.outcome === 'answered') {
          tellOf(said.reply)
          return said.reply
        }
        const { login } = attempt
        const { reason, reach } = said
        if (login === null) throw refusal(attempt, reason)
        const isKnown =
          reach === 'registry' && turnedDownLogins.note(inquiry.name, login, reason) === 'again'
        // A helper may have a newer one by now.
        if (!isKnown && logins === 0) credentials.refused()
        denied = { login, reason, repository: 'unknown' }
      }
    },
    async credential(name, signal) {
      const login = await credentials.find(name, signal)
      if (login === null) return null
      const turnedDown = turnedDownLogins.find(name, login)
      return turnedDown?.repository === 'public' ? 'anonymous' : login.credential
    },
  }

  /** With the login that is kept now, unless it is the one that was just denied, or was turned down before. */
  async function begin(
    { name, action }: Inquiry,
    denied: TurnedDown | null,
    logins: number,
    signal: AbortSignal,
  ): Promise<Attempt> {
    const login = await credentials.find(name, signal)
    const attempt = { name, action, login, turnedDown: null, consulted }
    if (login === null) return { ...attempt, turnedDown: denied }
    const isOver = denied !== null && (logins >= mostLogins || isSame(login, denied.login))
    const turnedDown = turnedDownLogins.find(name, login) ?? (isOver ? denied : null)
    return turnedDown === null ? attempt : { ...attempt, login: null, turnedDown }
  }

  async function sayOf(inquiry: Inquiry, attempt: Attempt, signal: AbortSignal): Promise<Said> {
    try {
      return await dialogue.ask(inquiry, attempt, signal)
    } catch (thrown) {
      const isRefused = thrown instanceof MagosError && thrown.code === 'unauthorized'
      if (isRefused && attempt.login !== null) credentials.refused()
      throw thrown
    }
  }

  function tellOf({ answer, attempt }: Reply): void {
    const { name, turnedDown } = attempt
    if (turnedDown === null || answer.status >= 400) return
    if (turnedDownLogins.noteRead(name, turnedDown) === 'again') return
    const { login, reason } = turnedDown
    log.warn({ registry: name.registry, remedy: remedyFor(login) }, warning(login, reason))
  }
}

function isSame({ credential: one }: Login, { credential: other }: Login): boolean {
  return one.username === other.username && one.password === other.password
}

function warning({ source, reach }: Login, reason: string): string {
  return `The login from "${source}" for "${reach}" was turned down, and what anybody may read is read without it: ${reason}`
}

function remedyFor(login: Login): string {
  const [first = '', ...rest] = renewal(login)
  return `${first.toUpperCase()}${rest.join('')}`
}
