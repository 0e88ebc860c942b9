import { repositoryName } from './image-reference.ts'
import type { Policy } from './policy/policy.ts'
import type { Update } from './update.ts'

/** One line's update as the trailers of a commit tell it, all of it text. */
export interface Change {
  /** `registry/repository`. */
  readonly image: string
  /** `TAG@DIGEST`, either of them alone, or `none`. */
  readonly from: string
  readonly to: string
  readonly policy: string
}

export function changeOf({ current, tag, digest, policy }: Update): Change {
  return {
    image: repositoryName(current),
    from: version(current.tag, current.digest),
    to: version(tag, digest),
    policy: policyText(policy),
  }
}

/** The change in git's own form, to be read back by `readChanges`: https://git-scm.com/docs/git-interpret-trailers */
export function trailersOf({ image, from, to, policy }: Change): readonly string[] {
  return [
    `Magos-Image: ${image}`,
    `Magos-From: ${from}`,
    `Magos-To: ${to}`,
    `Magos-Policy: ${policy}`,
  ]
}

/** The changes that a commit's message tells in its last paragraph; none for a commit that is not of Magos. */
export function readChanges(message: string): readonly Change[] {
  const block =
    message
      .trimEnd()
      .split(/\n\s*\n/u)
      .at(-1) ?? ''
  const changes: { image: string; from: string; to: string; policy: string }[] = []
  for (const line of block.split('\n')) {
    const [, key, value] = /^Magos-(Image|From|To|Policy): (.+)$/u.exec(line.trimEnd()) ?? []
    if (key === undefined || value === undefined) continue
    if (key === 'Image') changes.push({ image: value, from: 'none', to: 'none', policy: '' })
    const last = changes.at(-1)
    if (last === undefined) continue
    if (key === 'From') last.from = value
    if (key === 'To') last.to = value
    if (key === 'Policy') last.policy = value
  }
  return changes
}

/** Tag and digest of a version as `Change` writes it. */
export function splitVersion(text: string): {
  readonly tag: string | null
  readonly digest: string | null
} {
  const at = text.indexOf('@')
  const tag = at === -1 ? text : text.slice(0, at)
  const isTag = tag !== '' && tag !== 'none'
  return { tag: isTag ? tag : null, digest: at === -1 ? null : text.slice(at + 1) }
}

/** Tag and digest as they stand in trailers. */
export function version(tag: string | null, digest: string | null): string {
  return [tag ?? '', digest === null ? '' : `@${digest}`].join('') || 'none'
}

/** A policy as people write it: `semver ^1`, `latest stable`, `digest`. */
export function policyText(policy: Policy): string {
  switch (policy.kind) {
    case 'semver':
      return `semver ${policy.range}`
    case 'latest':
      return `latest ${policy.tag}`
    case 'calver':
    case 'numeric':
    case 'digest':
      return policy.kind
  }
}
