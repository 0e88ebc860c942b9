import { parseImageReference, type Digest } from '../image-reference.ts'

/** An image that Magos pulled, by its digest. */
export interface PulledImage {
  readonly image: string
  /** ms since the epoch. */
  readonly at: number
}

export interface ImageTerms {
  readonly pulled: readonly PulledImage[]
  /** Digests that containers of any project, proven states and what git wants now are known by. */
  readonly needed: ReadonlySet<Digest>
  /** Images of a repository that stay, the last good one counted. */
  readonly keep: number
  /** What was pulled after this has not stood its time. */
  readonly before: number
}

/** The images that nothing needs any more: of each repository all but the newest of them, as many as are to be kept. */
export function unneededImages({ pulled, needed, keep, before }: ImageTerms): readonly string[] {
  const idle = pulled
    .map((one) => ({ ...one, reference: parseImageReference(one.image) }))
    .filter(({ reference: { digest } }) => digest !== null && !needed.has(digest))
  const groups = Map.groupBy(
    idle,
    ({ reference }) => `${reference.registry}/${reference.repository}`,
  )
  return [...groups.values()].flatMap((images) =>
    images
      .toSorted((one, other) => other.at - one.at)
      .slice(keep - 1)
      .filter(({ at }) => at <= before)
      .map(({ image }) => image),
  )
}
