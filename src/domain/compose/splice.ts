import { MagosError } from '../error.ts'
import type { EditTarget } from './image-target.ts'

/** One planned change of a file's text. */
export interface Splice {
  readonly target: EditTarget
  /** The image's own scalar, which the target is in, or which takes the target's variable. */
  readonly scalar: { readonly text: string; readonly range: readonly [number, number] }
  readonly to: string
  /** The reference that was asked for, for messages. */
  readonly reference: string
}

/** The splices in the order of the text, equal ones once. Throws `edit` where they do not fit it or one another. */
export function checkSplices(
  file: string,
  text: string,
  splices: readonly Splice[],
): readonly Splice[] {
  const ordered = splices.toSorted((a, b) => a.target.range[0] - b.target.range[0])
  const kept: Splice[] = []
  for (const splice of ordered) {
    const { target, to, reference } = splice
    const last = kept.at(-1)
    const isSame = last?.target.range[0] === target.range[0] && last.to === to
    if (target.file !== file || text.slice(...target.range) !== target.text) {
      throw refuseEdit(target, reference, 'the file changed since it was scanned', 'Scan it again')
    }
    if (isSame && target.variable !== null) continue
    if (last !== undefined && target.range[0] < last.target.range[1]) {
      throw refuseEdit(target, reference, 'two edits want the same place', 'Make one edit')
    }
    kept.push(splice)
  }
  return kept
}

/** The text with every splice made; they are in its order. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let written = ''
  let at = 0
  for (const { target, to } of splices) {
    written += text.slice(at, target.range[0]) + to
    at = target.range[1]
  }
  return written + text.slice(at)
}

export function refuseEdit(
  { file, line, column }: Pick<EditTarget, 'file' | 'line' | 'column'>,
  value: string,
  reason: string,
  remedy: string,
  cause?: unknown,
): MagosError {
  return new MagosError('edit', `Cannot edit image ${JSON.stringify(value)}: ${reason}`, {
    place: { file, line, column },
    remedy,
    cause,
  })
}

export function refuseChange({ target, reference }: Splice): MagosError {
  const reason = 'it would change more than this value'
  return refuseEdit(target, reference, reason, 'Put the value in quotes')
}
