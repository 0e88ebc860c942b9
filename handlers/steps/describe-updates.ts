import {
  repositoryName,
  type Digest,
  type ImageReference,
} from '../../src/domain/image-reference.ts'
import { bestFor } from '../../src/domain/platform.ts'
import { stricter } from '../../src/domain/policy/rules.ts'
import type { ProposedUpdate } from '../../src/domain/proposal/body.ts'
import { sourceLink, type ImageLabels } from '../../src/domain/proposal/source-link.ts'
import { rulesOf, type Update } from '../../src/domain/update.ts'
import type { Context } from '../context.ts'

type DescribeContext = Pick<Context, 'registry' | 'memory' | 'host' | 'log'>

/** What people want to know of updates before they merge them; what registries do not tell is left out. */
export async function describeUpdates(
  ctx: DescribeContext,
  updates: readonly Update[],
  stacksOf: (file: string) => readonly string[],
  signal: AbortSignal,
): Promise<readonly ProposedUpdate[]> {
  const labels = labelsOnce(ctx, signal)
  const described: ProposedUpdate[] = []
  for (const update of updates) {
    const { current, tag, digest, policy, image } = update
    const sight = { repository: repositoryName(current), tag: tag ?? '', digest }
    const before = current.digest === null ? {} : await labels(current, current.digest)
    described.push({
      update,
      stacks: stacksOf(image.file),
      firstSeen: ctx.memory.firstSeen(sight),
      link: sourceLink(before, await labels(current, digest)),
      rules: stricter(rulesOf(policy), ctx.host.guards),
    })
  }
  return described
}

/** Several lines mostly run one image. */
function labelsOnce(
  { registry, host, log }: DescribeContext,
  signal: AbortSignal,
): (image: ImageReference, digest: Digest) => Promise<ImageLabels> {
  const known = new Map<string, ImageLabels>()
  return async (image, digest) => {
    const key = `${repositoryName(image)}@${digest}`
    const found = known.get(key)
    if (found !== undefined) return found
    try {
      const { platforms } = await registry.manifest(image, digest, signal)
      const ours = bestFor(host.platform, platforms) ?? platforms[0]
      const labels = ours === undefined ? {} : await registry.labels(image, ours.digest, signal)
      known.set(key, labels)
      return labels
    } catch (error) {
      signal.throwIfAborted()
      log.debug({ image: key, error }, 'Labels cannot be read: the pull request names no source')
      known.set(key, {})
      return {}
    }
  }
}
