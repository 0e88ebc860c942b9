import { MagosError } from '../domain/error.ts'
import type { History, Upkeep } from '../ports.ts'
import type { Handle } from '../work/work-off.ts'

export type Redact = (text: string) => string

/** What stands in these is written for people; names, paths and commits keep what programs look them up by. */
const TOLD: ReadonlySet<string> = new Set([
  'reason',
  'reasons',
  'message',
  'remedy',
  'description',
  'detail',
  'words',
  'restoring',
])

/**
 * The last gate before an answer or a report leaves: whatever a handler repeated of what a provider, an engine or a
 * container said, no decrypted value is in it.
 */
export function redactHandled(handle: Handle, redact: Redact): Handle {
  return (event, origins, signal) => redacted(redact, () => handle(event, origins, signal))
}

/** The same for a command that only looks. */
export async function redacted<Answer>(
  redact: Redact,
  act: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return redactTold(await act(), redact)
  } catch (thrown) {
    throw redactError(thrown, redact)
  }
}

/** What is remembered is told later: by `status`, by reports, by the next pass. */
export function redactHistory(history: History, redact: Redact): History {
  return {
    ...history,
    begin: (deployment) => history.begin(redactTold(deployment, redact)),
    setAside: (aside, cause) => history.setAside(redactTold(aside, redact), cause),
    fail: (id, failed) => history.fail(id, redactTold(failed, redact)),
    restore: (stack, restoring) => history.restore(stack, redactTold(restoring, redact)),
  }
}

/** The same for what is remembered of a stack's trouble. */
export function redactUpkeep(upkeep: Upkeep, redact: Redact): Upkeep {
  return { ...upkeep, note: (trouble) => upkeep.note(redactTold(trouble, redact)) }
}

/** The same error in other words; its cause is for the log, which has a gate of its own. */
function redactError(thrown: unknown, redact: Redact): unknown {
  if (!(thrown instanceof MagosError)) return thrown
  const { code, message, cause, place, remedy, retryAt } = thrown
  if (redact(message) === message && (remedy === undefined || redact(remedy) === remedy))
    return thrown
  return new MagosError(code, redact(message), {
    cause,
    ...(place === undefined ? {} : { place }),
    ...(remedy === undefined ? {} : { remedy: redact(remedy) }),
    ...(retryAt === undefined ? {} : { retryAt }),
  })
}

/** The same structure, with what is told of it redacted. */
export function redactTold<Value>(value: Value, redact: Redact): Value
export function redactTold(value: unknown, redact: Redact): unknown {
  if (Array.isArray(value)) return value.map((one) => redactTold(one, redact))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]: [string, unknown]) => [
      key,
      TOLD.has(key) ? redactText(member, redact) : redactTold(member, redact),
    ]),
  )
}

function redactText(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value)
  return Array.isArray(value)
    ? value.map((one) => redactText(one, redact))
    : redactTold(value, redact)
}
