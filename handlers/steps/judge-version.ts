import { MagosError } from '../../src/domain/error.ts'
import {
  repositoryName,
  type Digest,
  type ImageReference,
} from '../../src/domain/image-reference.ts'
import { quarantineObstacle, type Quarantine } from '../../src/domain/quarantine/quarantine.ts'
import {
  ageObstacle,
  isSameForAll,
  platformObstacle,
  type Obstacle,
  type Rules,
} from '../../src/domain/policy/rules.ts'
import { needsTags } from '../../src/domain/update.ts'
import type { ImageManifest, Memory } from '../../src/ports.ts'
import type { HostSettings } from '../context.ts'
import type { Questions } from './ask-once.ts'
import type { Watched } from './watched-line.ts'

export interface VersionContext {
  readonly host: Pick<HostSettings, 'platform'>
  readonly memory: Memory
  readonly quarantine: Quarantine
  readonly now: number
  readonly ask: Questions
}

/** What becomes of one version. `same`: it is no other than what stands on the line. */
export type VersionVerdict =
  | { readonly kind: 'fits'; readonly digest: Digest }
  | { readonly kind: 'same'; readonly reason: string }
  | { readonly kind: 'kept-back'; readonly obstacle: Obstacle }

/** A tag may be listed although its manifest is gone, or not everywhere yet: then an older one may be had. */
export async function judgeVersion(
  ctx: VersionContext,
  line: Pick<Watched, 'current' | 'policy'>,
  rules: Rules,
  tag: string,
): Promise<VersionVerdict> {
  const { current } = line
  try {
    return await judge(ctx, line, rules, tag, await ctx.ask.digest(current, tag))
  } catch (error) {
    const isMissing = error instanceof MagosError && error.code === 'not-found'
    if (!isMissing || tag === current.tag) throw error
    return { kind: 'kept-back', obstacle: absence(line, tag, error.message) }
  }
}

/** Only a policy that chooses among tags has seen the list; the others name theirs. */
function absence({ policy }: Pick<Watched, 'policy'>, tag: string, message: string): Obstacle {
  if (needsTags(policy)) {
    const reason = `"${tag}" is listed, but its registry has no image under it: ${message}`
    return { kind: 'waits', reason }
  }
  return {
    kind: 'waits',
    reason: `the followed tag "${tag}" is not there: ${message}`,
    remedy: 'Name one that is there in "tag", or wait until it is pushed',
  }
}

async function judge(
  ctx: VersionContext,
  line: Pick<Watched, 'current'>,
  rules: Rules,
  tag: string,
  digest: Digest,
): Promise<VersionVerdict> {
  const { host, memory, now, ask } = ctx
  const { current } = line
  const listed = quarantined(ctx, line, tag, digest)
  if (tag === current.tag) {
    if (digest === current.digest) return { kind: 'same', reason: `"${tag}" names its digest` }
    // What runs already is only written down, and then it stays what it is.
    if (current.digest === null) {
      return listed === null ? { kind: 'fits', digest } : { kind: 'kept-back', obstacle: listed }
    }
    const before = await formerPlatforms(ask, current, current.digest)
    const after = await ask.manifest(current, digest)
    if (isSameForAll(rules, host.platform, before, after.platforms)) {
      return { kind: 'same', reason: `"${tag}" changed only for other platforms` }
    }
  }
  if (listed !== null) return { kind: 'kept-back', obstacle: listed }
  const sight = { repository: repositoryName(current), tag, digest }
  const firstSeen = memory.firstSeen(sight) ?? now
  memory.see(sight, now)
  const obstacle =
    ageObstacle(rules, tag, { firstSeen, now }) ??
    platformObstacle(rules, host.platform, tag, (await ask.manifest(current, digest)).platforms)
  return obstacle === null ? { kind: 'fits', digest } : { kind: 'kept-back', obstacle }
}

/** What the quarantine has against a version; it is asked before every rule, for it holds on every host. */
export function quarantined(
  { quarantine }: Pick<VersionContext, 'quarantine'>,
  { current }: Pick<Watched, 'current'>,
  tag: string | null,
  digest: Digest,
): Obstacle | null {
  return quarantineObstacle(quarantine, { image: repositoryName(current), tag, digest })
}

/** A digest that the registry has no more is nobody's image any more. */
async function formerPlatforms(
  ask: Questions,
  current: ImageReference,
  digest: Digest,
): Promise<ImageManifest['platforms']> {
  try {
    return (await ask.manifest(current, digest)).platforms
  } catch (error) {
    if (error instanceof MagosError && error.code === 'not-found') return []
    throw error
  }
}
