import type { ScannedImage } from './compose/scan.ts'
import {
  formatImageReference,
  withPin,
  type Digest,
  type ImageReference,
} from './image-reference.ts'
import { decide } from './policy/decide.ts'
import type { OrderedPolicy, Policy } from './policy/policy.ts'
import { noRules, type Rules } from './policy/rules.ts'

/** One image line that shall change. */
export interface Update {
  readonly image: ScannedImage
  readonly current: ImageReference
  readonly policy: Policy
  readonly tag: string | null
  readonly digest: Digest
  /** What is written on the line: the name as its owner spelled it. */
  readonly text: string
  readonly reason: string
}

/** Which tag or digest a policy wants, before its digest was asked for. */
export type Choice =
  | {
      readonly outcome: 'tag'
      readonly tag: string
      /** What may be taken where this one may not, best first. */
      readonly others: readonly string[]
      readonly reason: string
    }
  | { readonly outcome: 'digest'; readonly digest: Digest; readonly reason: string }
  /** The line stands as it should. */
  | { readonly outcome: 'current'; readonly reason: string }
  | { readonly outcome: 'hold'; readonly reason: string }

/** Whether the tag list has to be asked for, for a policy to choose. */
export function needsTags(policy: Policy): boolean {
  return policy.kind !== 'latest' && policy.kind !== 'digest'
}

/** What the policy makes of the line and the repository's tags (an empty list where none were needed). */
export function choose(
  policy: Policy,
  current: ImageReference,
  tags: readonly string[],
  { now = 0 }: { readonly now?: number } = {},
): Choice {
  switch (policy.kind) {
    case 'semver':
    case 'calver':
    case 'numeric':
      return chooseByTags(policy, current, tags, now)
    case 'latest': {
      const { tag } = policy
      return { outcome: 'tag', tag, others: [], reason: `it follows the tag "${tag}"` }
    }
    case 'digest':
      return chooseByDigest(policy.digest, current)
  }
}

/** What else has to hold before a policy's choice is committed. */
export function rulesOf(policy: Policy): Rules {
  return policy.kind === 'digest' ? noRules : policy
}

function chooseByTags(
  policy: OrderedPolicy,
  current: ImageReference,
  tags: readonly string[],
  now: number,
): Choice {
  const { outcome, tag, reason, others } = decide(policy, current.tag, tags, { now })
  if (outcome === 'hold' || tag === null) return { outcome: 'hold', reason }
  if (outcome === 'update') return { outcome: 'tag', tag, others, reason }
  if (current.digest === null) {
    return { outcome: 'tag', tag, others, reason: `pinned to its own tag; ${reason}` }
  }
  return policy.moved === 'follow'
    ? { outcome: 'tag', tag, others, reason: `its own tag names another digest now; ${reason}` }
    : { outcome: 'current', reason }
}

function chooseByDigest(wanted: Digest | null, current: ImageReference): Choice {
  const digest = wanted ?? current.digest
  if (digest === null) {
    const tag = current.tag ?? 'latest'
    return { outcome: 'tag', tag, others: [], reason: `pinned to what its tag "${tag}" is now` }
  }
  return digest === current.digest
    ? { outcome: 'current', reason: 'it stands on its digest' }
    : { outcome: 'digest', digest, reason: 'its policy names this digest' }
}

/** The change of the line, or null where it says so already. */
export function planUpdate(
  image: ScannedImage,
  policy: Policy,
  current: ImageReference,
  choice: { readonly tag: string | null; readonly digest: Digest; readonly reason: string },
): Update | null {
  const { tag, digest, reason } = choice
  if (tag === current.tag && digest === current.digest) return null
  const text = withPin(current, { tag, digest })
  return { image, current, policy, tag, digest, text, reason }
}

/** The new reference, written out. */
export function updatedReference({ current, tag, digest }: Update): string {
  return formatImageReference({ ...current, tag, digest })
}
