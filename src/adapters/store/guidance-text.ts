import { guidanceOf, type Guidance } from '../../domain/guidance.ts'
import { parseRecord } from './event-text.ts'

export function guidanceText(guidance: Guidance): string {
  return JSON.stringify(guidanceOf(guidance))
}

/** Reads guidance as it was written; none of what an older Magos wrote. */
export function parseGuidance(text: unknown): Guidance {
  const { remedy, file, line, column } = parseRecord(text) ?? {}
  return {
    ...(typeof remedy === 'string' ? { remedy } : {}),
    ...(typeof file === 'string' ? { file } : {}),
    ...(typeof line === 'number' ? { line } : {}),
    ...(typeof column === 'number' ? { column } : {}),
  }
}
