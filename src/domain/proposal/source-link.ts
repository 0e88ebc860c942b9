/** An image's labels: whatever its publisher wrote. */
export type ImageLabels = Readonly<Record<string, string>>

/** Where an image's source stands, and what changed in it; null where the labels do not say it, or say something odd. */
export interface SourceLink {
  /** https, without anything that could be more than an address. */
  readonly source: string
  readonly compare: string | null
}

/** https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export function sourceLink(before: ImageLabels, after: ImageLabels): SourceLink | null {
  const source = sourceOf(after)
  if (source === null) return null
  const [from, to] = [revisionOf(before), revisionOf(after)]
  const known = from !== null && to !== null && from !== to && sourceOf(before) === source
  return { source, compare: known ? compareAddress(source, from, to) : null }
}

const sourceKey = 'org.opencontainers.image.source'
const revisionKey = 'org.opencontainers.image.revision'

/** It is shown to people in Markdown, so only what is plainly the address of a repository passes. */
const plainPath = /^(?:\/[\w.~-]+){2,6}$/u

function sourceOf(labels: ImageLabels): string | null {
  const url = URL.parse(labels[sourceKey] ?? '')
  if (url === null || url.protocol !== 'https:' || url.port !== '') return null
  if (url.username !== '' || url.password !== '' || !/^[a-z0-9.-]+$/u.test(url.hostname))
    return null
  const path = url.pathname.replace(/\/+$/u, '').replace(/\.git$/u, '')
  return plainPath.test(path) ? `https://${url.hostname}${path}` : null
}

function revisionOf(labels: ImageLabels): string | null {
  const revision = labels[revisionKey] ?? ''
  return /^[0-9a-f]{7,64}$/u.test(revision) ? revision : null
}

/** The forges that are known by name have this page; of another nobody knows where it is. */
function compareAddress(source: string, from: string, to: string): string | null {
  const { hostname } = new URL(source)
  if (['github.com', 'codeberg.org', 'gitea.com'].includes(hostname)) {
    return `${source}/compare/${from}...${to}`
  }
  return hostname === 'gitlab.com' ? `${source}/-/compare/${from}...${to}` : null
}
