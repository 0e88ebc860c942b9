import { policyText, version } from './change.ts'
import { SUBJECT } from './commit-message.ts'
import { formatImageReference, repositoryName } from './image-reference.ts'
import type { QuarantineEntry } from './quarantine/quarantine.ts'
import type { PutBack } from './revert.ts'

export interface Reverting {
  readonly stack: string
  readonly host: string
  /** What is left behind, where no commit of ours is undone. */
  readonly commit: string
  /** Why, in one sentence. */
  readonly reason: string
  /** What the containers in trouble wrote last; may be empty. */
  readonly words: string
}

/** The message of a commit that takes updates of one stack back. */
export function revertMessage(back: readonly PutBack[], revert: Reverting): string {
  const { reason, words } = revert
  const said = quotation(words)
  return paragraphs([
    subject(back, revert),
    ...back.map(paragraph),
    plain(reason),
    ...(said === '' ? [] : [`It said last:\n\n${said}`]),
    [...back.flatMap(trailersOf), `Magos-Host: ${revert.host}`, ...undone(back, revert)].join('\n'),
  ])
}

/** The message of a commit that changes the quarantine alone. */
export function quarantineMessage(
  verb: 'hold' | 'release',
  entries: readonly QuarantineEntry[],
  { host, reason }: Pick<Reverting, 'host' | 'reason'>,
): string {
  const [first] = entries
  const name = first === undefined ? '' : first.image
  const what = entries.length === 1 ? (first?.tag ?? first?.digest?.slice(0, 19) ?? '') : ''
  const many = entries.length > 1 ? ` (${entries.length} versions)` : ''
  const trailers = entries.flatMap(({ image, tag, digest }) => [
    `Magos-Image: ${image}`,
    `Magos-${verb === 'hold' ? 'Hold' : 'Release'}: ${version(tag, digest)}`,
  ])
  return paragraphs([
    shortened([`chore: ${verb} ${name} ${what}`.trimEnd() + many, `chore: ${verb} ${what}${many}`]),
    ...(reason === '' ? [] : [plain(reason)]),
    [...trailers, `Magos-Host: ${host}`].join('\n'),
  ])
}

/** Of what a program said, lines and characters a line. */
const LINES = 20
const WIDTH = 200

function paragraphs(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`
}

function subject(back: readonly PutBack[], { stack }: Reverting): string {
  const [only] = back
  if (back.length !== 1 || only === undefined) {
    return shortened([`revert(${stack}): take back ${back.length} images`])
  }
  const name = repositoryName(only.from)
  const base = name.slice(name.lastIndexOf('/') + 1)
  const change = changeOf(only)
  return shortened(
    [name, base].map((shown) => `revert(${stack}): take back ${shown} ${change}`),
    `revert: take back ${base} ${change}`,
  )
}

function changeOf({ from, to }: PutBack): string {
  if (from.tag !== to.tag) return `${from.tag ?? 'untagged'} → ${to.tag ?? 'untagged'}`
  return [from.tag, short(from.digest), '→', short(to.digest)]
    .filter((part) => part !== null)
    .join(' ')
}

function short(digest: string | null): string {
  return digest?.slice(7, 19) ?? 'unpinned'
}

/** The first that GitHub shows whole, else the last. */
function shortened(candidates: readonly string[], last = candidates.at(-1) ?? ''): string {
  return candidates.find((text) => text.length <= SUBJECT) ?? last
}

function paragraph({ image, from, to }: PutBack): string {
  return [
    `${image.file}:${image.line} (${image.services.join(', ')})`,
    `  from ${formatImageReference(from)}`,
    `  to   ${formatImageReference(to)}`,
  ].join('\n')
}

function trailersOf({ image, from, to }: PutBack): string[] {
  return [
    `Magos-Image: ${repositoryName(from)}`,
    `Magos-From: ${version(from.tag, from.digest)}`,
    `Magos-To: ${version(to.tag, to.digest)}`,
    ...(image.policy === null ? [] : [`Magos-Policy: ${policyText(image.policy)}`]),
  ]
}

/** One at the least: by it such a commit is told from an update. */
function undone(back: readonly PutBack[], { commit: left }: Reverting): readonly string[] {
  const commits = [...new Set(back.flatMap(({ undoes }) => undoes))]
  return (commits.length === 0 ? [left] : commits).map((commit) => `Magos-Reverts: ${commit}`)
}

/** Indented, so that nothing in it is taken for a trailer. */
function quotation(words: string): string {
  const lines = words
    .split('\n')
    .map((line) => plain(line).slice(0, WIDTH).toWellFormed())
    .filter((line) => line !== '')
  return lines
    .slice(-LINES)
    .map((line) => `  ${line}`)
    .join('\n')
}

/**
 * One line without what moves a terminal's cursor. What a program says is no order to GitHub: a blank takes the force out
 * of mentions, of `fixes #1` and of `[skip ci]`.
 */
function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .replaceAll(/#(?=\d)|\bGH-(?=\d)|@(?=[a-z\d])(?!sha256:)|\[(?=(?:skip|ci|no) )/giu, '$& ')
}
