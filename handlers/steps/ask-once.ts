import type { Digest, ImageReference } from '../../src/domain/image-reference.ts'
import type { ImageManifest, Registry } from '../../src/ports.ts'
import type { Answers } from '../heard.ts'

/** What registries are asked, each question once a pass. */
export interface Questions {
  tags(current: ImageReference): Promise<readonly string[]>
  digest(current: ImageReference, tag: string): Promise<Digest>
  manifest(current: ImageReference, digest: Digest): Promise<ImageManifest>
}

/** Asks about one repository, each question once. */
export interface AskedOnce extends Questions {
  /** What is known by now. */
  answers(): Answers
}

/** Of what was heard already nobody is asked. */
export function askOnce(
  registry: Pick<Registry, 'tags' | 'digest' | 'manifest'>,
  heard: Answers,
  signal: AbortSignal,
): AskedOnce {
  let list = heard.tags
  let tags = list === null ? null : Promise.resolve(list)
  const named = new Map(heard.digests)
  const digests = new Map<string, Promise<Digest>>(
    [...named].map(([tag, digest]) => [tag, Promise.resolve(digest)]),
  )
  return {
    tags(current) {
      tags ??= registry.tags(current, signal).then((told) => {
        list = told
        return told
      })
      return tags
    },
    digest(current, tag) {
      const asked =
        digests.get(tag) ??
        registry.digest(current, tag, signal).then((digest) => {
          named.set(tag, digest)
          return digest
        })
      digests.set(tag, asked)
      return asked
    },
    manifest: (current, digest) => registry.manifest(current, digest, signal),
    answers: () => ({ tags: list, digests: named }),
  }
}
