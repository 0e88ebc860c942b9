import { changeOf, readChanges, splitVersion, type Change } from '../change.ts'
import type { Update } from '../update.ts'
import { isOvertaken } from './overtaken.ts'

/** A pull request that is no longer open, as far as it counts here. */
export interface PastPull {
  readonly number: number
  readonly url: string
  readonly state: 'closed' | 'merged' | 'open'
  readonly body: string
  /** Message of what Magos proposed in it. */
  readonly message: string | null
}

/**
 * The pull request in which a person said "not this version" of an update; null where nobody did. One that Magos closed
 * itself says nothing.
 */
export function declinedIn<Pull extends PastPull>(
  update: Update,
  past: readonly Pull[],
): Pull | null {
  const wanted = changeOf(update)
  const found = past.find(
    ({ state, body, message }) =>
      state === 'closed' &&
      !isOvertaken(body) &&
      readChanges(message ?? '').some((change) => isSameVersion(change, wanted)),
  )
  return found ?? null
}

/** A tag that was declined stays so when it is built anew; where the tag never changes, the digest is the version. */
function isSameVersion(declined: Change, wanted: Change): boolean {
  if (declined.image !== wanted.image) return false
  if (declined.to === wanted.to) return true
  const [from, to] = [splitVersion(wanted.from), splitVersion(wanted.to)]
  return to.tag !== null && to.tag !== from.tag && splitVersion(declined.to).tag === to.tag
}
