import { lineKey, lineText, type StackLines } from './compose/stack-lines.ts'
import type { ScannedImage } from './compose/scan.ts'
import {
  findImageReference,
  repositoryName,
  withPin,
  type ImageReference,
} from './image-reference.ts'
import type { QuarantineEntry } from './quarantine/quarantine.ts'

/** One commit of ours: the stack's lines before it and after it. */
export interface LineChange {
  readonly commit: string
  readonly before: StackLines
  readonly after: StackLines
}

/** A line that is written back. */
export interface PutBack {
  readonly image: ScannedImage
  readonly from: ImageReference
  readonly to: ImageReference
  /** Commits of ours whose work is undone, newest first; none where a person wrote the line. */
  readonly undoes: readonly string[]
}

/**
 * What our updates brought into a state that failed, line by line: each goes back to what stood there before the first
 * of them. `changes` are our commits, newest first. Left alone is a line that does not hold any more what failed, one
 * whose value is a person's, and one that runs the same digest as before. With `good`, the lines of the last good state,
 * a person's go back to those as well.
 */
export function planRevert(
  images: readonly ScannedImage[],
  failed: StackLines,
  changes: readonly LineChange[],
  good: StackLines | null = null,
): readonly PutBack[] {
  return images.flatMap((image) => {
    const [service] = image.services
    const key = lineKey(image.file, service ?? '')
    let text = lineText(image)
    if (failed.get(key) !== text) return []
    const undoes: string[] = []
    for (const { commit, before, after } of changes) {
      const former = before.get(key)
      if (after.get(key) !== text || former === undefined || former === text) continue
      text = former
      undoes.push(commit)
    }
    return putBack(image, good?.get(key) ?? text, undoes)
  })
}

/**
 * The lines as they stood at another commit, where what stands there now was written by one of ours (`changes`); and
 * those that somebody else wrote, which stay.
 */
export function planRollback(
  images: readonly ScannedImage[],
  wanted: StackLines,
  changes: readonly LineChange[],
): { readonly back: readonly PutBack[]; readonly foreign: readonly ScannedImage[] } {
  const back: PutBack[] = []
  const foreign: ScannedImage[] = []
  for (const image of images) {
    const key = lineKey(image.file, image.services[0] ?? '')
    const text = wanted.get(key)
    const now = lineText(image)
    if (text === undefined || text === now) continue
    const writers = changes.filter(
      ({ before, after }) => after.get(key) === now && before.get(key) !== now,
    )
    const commits = writers.map(({ commit }) => commit)
    if (writers.length === 0) foreign.push(image)
    else back.push(...putBack(image, text, commits))
  }
  return { back, foreign }
}

/** What is written on the line: the name as it is spelled there, with the other tag and digest. */
export function putBackText({ from, to }: PutBack): string {
  return withPin(from, to)
}

/** What must not be picked again: every digest of ours that is replaced. What a person wrote no policy picked. */
export function quarantineOf(
  back: readonly PutBack[],
  why: Pick<QuarantineEntry, 'host' | 'commit' | 'reason' | 'at'>,
): readonly QuarantineEntry[] {
  return back.flatMap(({ from, undoes }) => {
    const { tag, digest } = from
    return digest === null || undoes.length === 0
      ? []
      : [{ image: repositoryName(from), tag, digest, ...why }]
  })
}

function putBack(image: ScannedImage, text: string, undoes: readonly string[]): PutBack[] {
  const from = image.image
  const to = findImageReference(text)
  if (from === null || to === null || repositoryName(from) !== repositoryName(to)) return []
  const isSame = from.digest === null ? from.text === to.text : from.digest === to.digest
  return isSame ? [] : [{ image, from, to, undoes }]
}
