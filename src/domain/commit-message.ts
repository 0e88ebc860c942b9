import { changeOf, trailersOf } from './change.ts'
import { formatImageReference, repositoryName } from './image-reference.ts'
import { updatedReference, type Update } from './update.ts'

/** Longest subject that GitHub shows whole. */
export const SUBJECT = 72

/**
 * The message of one commit of updates: a Conventional Commit's subject, a paragraph for each line that changes, and
 * one block of trailers (git-interpret-trailers) that programs read.
 */
export function commitMessage(
  updates: readonly Update[],
  {
    host,
    stacksOf,
  }: { readonly host: string; readonly stacksOf: (file: string) => readonly string[] },
): string {
  const body = updates.map((update) => paragraph(update))
  const trailers = updates.flatMap((update) => trailersOf(changeOf(update)))
  const block = [...trailers, `Magos-Host: ${host}`].join('\n')
  return `${[updateSubject(updates, stacksOf), ...body, block].join('\n\n')}\n`
}

/** The first line, which is a pull request's title, too. */
export function updateSubject(
  updates: readonly Update[],
  stacksOf: (file: string) => readonly string[],
): string {
  const stacks = [...new Set(updates.flatMap(({ image }) => stacksOf(image.file)))].toSorted()
  return subject(updates, stacks)
}

function subject(updates: readonly Update[], stacks: readonly string[]): string {
  const scope = stacks.length === 1 ? `(${stacks[0]})` : ''
  const [only] = updates
  if (updates.length > 1 || only === undefined) {
    const where = stacks.length > 1 ? ` in ${stacks.length} stacks` : ''
    return `chore${scope}: update ${updates.length} images${where}`
  }
  const name = repositoryName(only.current)
  const base = name.slice(name.lastIndexOf('/') + 1)
  const candidates = [name, base].map((shown) => `chore${scope}: ${change(only, shown)}`)
  return candidates.find((text) => text.length <= SUBJECT) ?? `chore: ${change(only, base)}`
}

function change({ current, tag, digest }: Update, name: string): string {
  if (current.tag !== tag)
    return `update ${name} ${current.tag ?? 'untagged'} → ${tag ?? 'untagged'}`
  if (current.digest === null) return `pin ${name} ${tag ?? ''}`.trimEnd()
  return `update ${name} ${[tag, short(current.digest), '→', short(digest)].filter((part) => part !== null).join(' ')}`
}

function short(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12)
}

function paragraph(update: Update): string {
  const { image, current, reason } = update
  return [
    `${image.file}:${image.line} (${image.services.join(', ')})${writtenIn(image)}`,
    `  from ${formatImageReference(current)}`,
    `  to   ${updatedReference(update)}`,
    `  because ${reason}`,
  ].join('\n')
}

/** A line may take its image from elsewhere. */
function writtenIn({ file, target }: Update['image']): string {
  return target.file === file ? '' : `, written in ${target.file}:${target.line}`
}
