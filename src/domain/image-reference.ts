import { MagosError } from './error.ts'

/** `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`

/** A parsed reference; `text` is what was read, to the letter. */
export interface ImageReference {
  readonly text: string
  /** Host with its port; `docker.io` where the text names none. */
  readonly registry: string
  /** Path below the registry; `library/` is written out for Docker Hub's official images. */
  readonly repository: string
  readonly tag: string | null
  readonly digest: Digest | null
}

/** Tag and digest to write behind a name; null leaves one out. */
export interface Pin {
  readonly tag: string | null
  readonly digest: Digest | null
}

// Grammar: https://pkg.go.dev/github.com/distribution/reference
const hostPart = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'
const domainPattern = new RegExp(
  String.raw`^(?:${hostPart}(?:\.${hostPart})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$`,
)
const pathPart = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const pathPattern = new RegExp(`^${pathPart}(?:/${pathPart})*$`)
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const digestPattern = /^sha256:[0-9a-f]{64}$/
const bareDigestPattern =
  /^@|^[0-9a-f]{64}$|^sha256:[0-9a-f]{64}$|^sha384:[0-9a-f]{96}$|^sha512:[0-9a-f]{128}$/
/** Valid to docker's parser; what is asked for by one could not be compared with what runs. */
const longDigestPattern = /^(sha384(?=:[0-9a-f]{96}$)|sha512(?=:[0-9a-f]{128}$)):/
const maxPathLength = 255

/** Reads a reference as docker does. Throws `reference` naming the part that is wrong. */
export function parseImageReference(text: string): ImageReference {
  refuseLookalikes(text)
  const { registry, remainder } = splitDomain(text)
  const at = remainder.indexOf('@')
  const named = at === -1 ? remainder : remainder.slice(0, at)
  const colon = named.indexOf(':')
  const path = colon === -1 ? named : named.slice(0, colon)
  const repository =
    registry === 'docker.io' && !path.includes('/') && path !== '' ? `library/${path}` : path
  checkDomain(text, registry)
  checkPath(text, path, repository)
  return {
    text,
    registry,
    repository,
    tag: colon === -1 ? null : checkedTag(text, named.slice(colon + 1)),
    digest: at === -1 ? null : checkedDigest(text, remainder.slice(at + 1)),
  }
}

/** The same for a text that may be none: null where it is no reference. */
export function findImageReference(text: string): ImageReference | null {
  try {
    return parseImageReference(text)
  } catch (error) {
    if (error instanceof MagosError) return null
    throw error
  }
}

/** `registry/repository[:tag][@digest]`, nothing left to defaults. */
export function formatImageReference(reference: ImageReference): string {
  return repositoryName(reference) + formatPin(reference)
}

/** `registry/repository`. */
export function repositoryName({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`
}

/** The text to write back: the name as its author spelled it, with another tag and digest. Throws `reference` for a tag that is none. */
export function withPin(reference: ImageReference, pin: Pin): string {
  const { text } = reference
  if (pin.tag !== null) checkedTag(`${repositoryName(reference)}:${pin.tag}`, pin.tag)
  return text.slice(0, text.length - formatPin(reference).length) + formatPin(pin)
}

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text)
}

/** Whether the text can stand as a tag in a reference. */
export function isTag(text: string): boolean {
  return tagPattern.test(text)
}

/** `:tag@digest`, as far as they are there. */
export function formatPin({ tag, digest }: Pin): string {
  return (tag === null ? '' : `:${tag}`) + (digest === null ? '' : `@${digest}`)
}

function refuseLookalikes(text: string): void {
  if (text === '') throw refusal(text, 'it is empty', 'write a name, such as nginx:1.27')
  if (bareDigestPattern.test(text)) {
    throw refusal(
      text,
      'it is a digest without a name',
      'put the image in front of it: NAME@sha256:…',
    )
  }
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(text)
  if (scheme !== null) {
    throw refusal(text, 'a reference is no URL', `leave ${JSON.stringify(scheme[0])} off`)
  }
  if (/\s/.test(text)) {
    throw refusal(text, 'there is a blank in it', 'write the reference without blanks')
  }
}

/** The part before the first slash is a host only when it looks like one; otherwise the image is Docker Hub's. */
function splitDomain(text: string): { registry: string; remainder: string } {
  const slash = text.indexOf('/')
  const first = slash === -1 ? '' : text.slice(0, slash)
  const isHost =
    first === 'localhost' ||
    first.includes('.') ||
    first.includes(':') ||
    first.toLowerCase() !== first
  if (!isHost) return { registry: 'docker.io', remainder: text }
  const registry = first === 'index.docker.io' ? 'docker.io' : first
  return { registry, remainder: text.slice(slash + 1) }
}

function checkDomain(text: string, registry: string): void {
  if (domainPattern.test(registry)) return
  throw refusal(
    text,
    `${JSON.stringify(registry)} is no registry host`,
    'write HOST, HOST:PORT or [IPV6]:PORT before the first slash',
  )
}

/** `path` as it was written, for the message; `repository` with what Docker Hub adds, for the length. */
function checkPath(text: string, path: string, repository: string): void {
  if (path === '' || path.endsWith('/')) {
    throw refusal(text, 'the image has no name', 'write the repository behind the registry')
  }
  if (path.toLowerCase() !== path) {
    throw refusal(
      text,
      `${JSON.stringify(path)} has upper-case letters`,
      `write it in lower case: ${path.toLowerCase()}`,
    )
  }
  if (repository.length > maxPathLength) {
    throw refusal(
      text,
      `its repository has ${repository.length} characters`,
      `keep it within ${maxPathLength} characters`,
    )
  }
  if (pathPattern.test(path)) return
  throw refusal(
    text,
    `${JSON.stringify(path)} is no repository path`,
    'use lower-case letters and digits, joined by one of . _ __ or dashes, in parts divided by single slashes',
  )
}

function checkedTag(text: string, tag: string): string {
  if (isTag(tag)) return tag
  const problem = tag === '' ? 'the tag is empty' : `${JSON.stringify(tag)} is no tag`
  throw refusal(
    text,
    problem,
    'a tag is up to 128 letters, digits, dots, dashes and underscores, and starts with none of dot and dash',
  )
}

function checkedDigest(text: string, digest: string): Digest {
  if (isDigest(digest)) return digest
  const [, algorithm = ''] = longDigestPattern.exec(digest) ?? []
  if (algorithm !== '') {
    throw refusal(
      text,
      `its digest is ${algorithm}, and registries name what they serve by sha256`,
      'write the digest that the registry shows for the tag',
    )
  }
  throw refusal(
    text,
    digest === '' ? 'the digest is empty' : `${JSON.stringify(digest)} is no digest`,
    'a digest is sha256: and 64 lower-case hex digits; copy it whole from the registry',
  )
}

function refusal(text: string, problem: string, remedy: string): MagosError {
  return new MagosError(
    'reference',
    `Cannot read image reference ${JSON.stringify(text)}: ${problem}`,
    { remedy },
  )
}
