import type { Origin } from './event.ts'

/** Of several, the one that tells most: somebody who asked, then a delivery, then the first. */
export function tellingOrigin(origins: readonly Origin[]): Origin | null {
  return (
    origins.find(({ source }) => source === 'operator') ??
    origins.find(({ delivery }) => delivery !== undefined) ??
    origins[0] ??
    null
  )
}

/** What a commit of ours came from, carried on to the deployment that it raises. */
export function carriedOrigin(origins: readonly Origin[], commit: string): Origin {
  const cause = tellingOrigin(origins)
  const { event, action, image, delivery } = cause ?? {}
  return {
    source: 'own',
    ref: commit,
    ...(event === undefined ? {} : { event }),
    ...(action === undefined ? {} : { action }),
    ...(image === undefined ? {} : { image }),
    ...(delivery === undefined ? {} : { delivery }),
  }
}

/** Where something came from, for people. */
export function originText(origin: Origin | null): string {
  if (origin === null) return 'unknown'
  const { source, event, action, image, delivery, ref } = origin
  const what = [event, action].filter((part) => part !== undefined).join(' ')
  const details = [
    ...(what === '' ? [] : [what]),
    ...(image === undefined ? [] : [`of ${image}`]),
    ...(ref === undefined ? [] : [source === 'own' ? `commit ${ref.slice(0, 12)}` : ref]),
    ...(delivery === undefined ? [] : [`delivery ${delivery}`]),
  ]
  return `${SOURCES[source]}${details.length === 0 ? '' : ` (${details.join(', ')})`}`
}

const SOURCES: Readonly<Record<Origin['source'], string>> = {
  webhook: 'a webhook',
  poll: 'the poll',
  start: 'the start of Magos',
  own: 'a commit of Magos',
  operator: 'somebody on this host',
  engine: 'the engine',
}
