import { findImageReference, type ImageReference } from '../image-reference.ts'

/** Containers are compared by digest, so that a pin of what runs changes nothing; without one only the engine knows. */
export function compareImages(
  old: unknown,
  now: unknown,
): readonly { readonly text: string; readonly certainty: 'certain' | 'possible' }[] {
  const [before, after] = [reference(old), reference(now)]
  if (before === null || after === null) {
    return [{ text: 'its `image` changes', certainty: 'possible' }]
  }
  const text = `it runs \`${after.text}\` instead of \`${before.text}\``
  if (before.digest === null || after.digest === null) return [{ text, certainty: 'possible' }]
  return before.digest === after.digest ? [] : [{ text, certainty: 'certain' }]
}

function reference(value: unknown): ImageReference | null {
  return typeof value === 'string' ? findImageReference(value) : null
}
