import { createHash } from 'node:crypto'

import type { ScannedImage } from '../compose/scan.ts'
import { repositoryName } from '../image-reference.ts'
import { resolveDelivery, type DeliverySettings } from './settings.ts'

/** Images whose updates share one pull request. */
export interface ProposalGroup {
  /** As `.magos.yaml` and annotations name it; null for the lines of one image alone. */
  readonly group: string | null
  /** What people call it: the group's name, or the image's. */
  readonly name: string
  /** Of the pull request, on this host's account. */
  readonly branch: string
}

/** Every branch of a host's pull requests begins so: two hosts never write one branch. */
export function branchPrefix(host: string): string {
  return `magos/${slug(host)}/`
}

/** Of the pull request that takes a stack's updates back; apart from those of updates, which come and go by themselves. */
export function revertBranch(host: string, stack: string): string {
  return `magos-revert/${slug(host)}/${slug(stack)}`
}

/** The group of a line whose updates are to be proposed; null where they are committed, or it names no image. */
export function proposalGroup(
  { image, delivery }: Pick<ScannedImage, 'image' | 'delivery'>,
  settings: DeliverySettings,
  host: string,
): ProposalGroup | null {
  const { mode, group } = resolveDelivery(delivery, settings)
  if (mode === 'commit' || image === null) return null
  const repository = repositoryName(image)
  const name = group ?? repository
  const key = group === null ? `image ${repository}` : `group ${group}`
  const short = slug(group ?? repository.slice(repository.lastIndexOf('/') + 1))
  // Different names may have one slug, and a branch below another's name cannot be.
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 8)
  return { group, name, branch: `${branchPrefix(host)}${short}-${hash}` }
}

/** What may stand in a branch's name without a doubt: https://git-scm.com/docs/git-check-ref-format */
function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 60)
}
