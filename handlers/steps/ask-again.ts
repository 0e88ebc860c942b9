import { MagosError, type ErrorCode } from '../../src/domain/error.ts'
import type { ImagePublished } from '../../src/domain/event.ts'
import type { Handled } from '../context.ts'

/** A repository whose registry gave no answer. */
export interface Unanswered {
  readonly repository: string
  readonly error: MagosError
}

/** What the next try may find mended; anything else takes a person, and the poll asks after it. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['network', 'rate-limit', 'protocol'])

/** All images wait while one registry wants to be left alone, so it is not obeyed for longer than a poll takes. */
const LONGEST_WAIT = 5 * 60_000

/**
 * The repositories that an event named and whose registry must be asked again, for nobody else will tell of them
 * before the next poll. A poll's own are left to the next one.
 */
export function toAskAgain(
  { repositories }: Pick<ImagePublished, 'repositories'>,
  unanswered: readonly Unanswered[],
): readonly Unanswered[] {
  return repositories === 'all' ? [] : unanswered.filter(({ error }) => PASSING.has(error.code))
}

/** Where a commit was made, which must not be told of twice: a hint of their own for those that are missing. */
export function hintAgain(repositories: readonly string[]): Handled['followUps'] {
  if (repositories.length === 0) return []
  return [{ event: { kind: 'image-published', repositories }, origin: { source: 'own' } }]
}

/** Where nothing was done: throws, so that the same event is tried later, as late as the registries asked for. */
export function tryLater(missing: readonly Unanswered[], now: number): void {
  const [first] = missing
  if (first === undefined) return
  const asked = missing.flatMap(({ error }) => error.retryAt ?? [])
  const { code, message, remedy } = first.error
  throw new MagosError(code, message, {
    cause: first.error,
    ...(remedy === undefined ? {} : { remedy }),
    ...(asked.length === 0 ? {} : { retryAt: Math.min(Math.max(...asked), now + LONGEST_WAIT) }),
  })
}
