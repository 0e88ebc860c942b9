import { numberAt, textAt } from './json.ts'

/** When an event of podman happened, in ms since the epoch; 0 where it does not say. */
export function eventTime(document: unknown): number {
  // Up to podman 4 a text, since then nanoseconds.
  const time = Date.parse(textAt(document, 'Time'))
  return time > 0 ? time : Math.floor(numberAt(document, 'timeNano') / 1e6)
}
