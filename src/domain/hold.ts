/** Why a stack is left exactly as it is. */
export interface Hold {
  /** `operator`: somebody said so. `stopped-by-hand`: somebody stopped all of it, without us. */
  readonly kind: 'operator' | 'stopped-by-hand'
  /** Whose doing it is: a user of this host, or `magos`. */
  readonly by: string
  readonly reason: string
  /** ms since the epoch. */
  readonly at: number
  /**
   * What git said of the stack then (`tracked` of its source): the hold ends by itself once git says another thing.
   * null for a hold that only a person ends.
   */
  readonly tracked: string | null
}

/** The hold in words, for whoever asks why nothing happens. */
export function holdReason({ kind, by, reason, at }: Hold): string {
  const since = Number.isFinite(at) ? ` since ${new Date(at).toISOString()}` : ''
  const why = reason === '' ? '' : `: ${reason}`
  return kind === 'operator'
    ? `held by ${by}${since}${why}`
    : `held (stopped by hand)${since}${why}`
}

/**
 * An operator's hold of a stack that is held already: nothing of what was said before is lost. The same `before` where
 * the second says nothing new.
 */
export function addHold(before: Hold, added: Hold): Hold {
  const { by, reason, at } = added
  if (before.kind === 'stopped-by-hand') {
    const stopped = `before: ${holdReason(before)}`
    return { ...added, reason: reason === '' ? stopped : `${reason}; ${stopped}` }
  }
  if (isSaid(before, added)) return before
  const since = new Date(at).toISOString()
  const also = `also by ${by} since ${since}${reason === '' ? '' : `: ${reason}`}`
  return {
    ...before,
    at: Number.isFinite(before.at) ? before.at : at,
    reason: before.reason === '' ? also : `${before.reason}; ${also}`,
  }
}

function isSaid(before: Hold, { by, reason }: Hold): boolean {
  const [first = '', ...also] = before.reason.split('; ')
  if (before.by === by && (reason === '' || reason === first)) return true
  return also.some(
    (part) =>
      part.startsWith(`also by ${by} since `) && (reason === '' || part.endsWith(`: ${reason}`)),
  )
}

/** What ends it. */
export function holdRemedy(stack: string): string {
  return `Let it go on with: magos release ${stack}`
}
