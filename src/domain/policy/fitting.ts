import { isTag } from '../image-reference.ts'
import { readCalendarVersion } from './calendar-version.ts'
import { readNumbers } from './numbers.ts'
import type { Policy } from './policy.ts'
import { readTagVersion } from './tag-version.ts'

/** What a person may write instead where a policy cannot order the committed tag. */
export function fittingPolicies(tag: string, refused: Policy['kind']): readonly string[] {
  if (!isTag(tag)) return ['write a tag on the line: letters, digits, "_", "." and "-"']
  const orders = [
    readTagVersion(tag) === null ? null : ('semver' as const),
    readCalendarVersion(tag) === null ? null : ('calver' as const),
    readNumbers(tag) === null ? null : ('numeric' as const),
  ]
  return [
    ...orders.flatMap((kind) =>
      kind === null || kind === refused ? [] : [`policy "${kind}" can order it`],
    ),
    `policy "latest" with "tag": "${tag}" follows it as it moves`,
    'policy "digest" keeps what it names now',
    '"extract" finds a version that stands inside it',
  ]
}
