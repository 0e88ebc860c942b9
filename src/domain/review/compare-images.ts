import { findImageReference, type ImageReference } from '../image-reference.ts'
import { certain, possible, type Reason } from './reason.ts'

/** Containers are compared by digest, so that a pin of what runs changes nothing; without one only the engine knows. */
export function compareImages(old: unknown, now: unknown): readonly Reason[] {
  const [before, after] = [reference(old), reference(now)]
  if (before === null || after === null) {
    return [possible('its `image` changes')]
  }
  const text = `it runs \`${after.text}\` instead of \`${before.text}\``
  if (before.digest === null || after.digest === null) return [possible(text)]
  return before.digest === after.digest ? [] : [certain(text)]
}

function reference(value: unknown): ImageReference | null {
  return typeof value === 'string' ? findImageReference(value) : null
}
