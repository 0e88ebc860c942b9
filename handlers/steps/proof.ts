import type { DesiredService, DesiredState } from '../../src/domain/deploy/desired-state.ts'
import { planDeployment } from '../../src/domain/deploy/plan.ts'
import { reloadText } from '../../src/domain/deploy/reload.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import {
  formatImageReference,
  parseImageReference,
  repositoryName,
  type ImageReference,
} from '../../src/domain/image-reference.ts'
import type { ProvenState } from '../../src/ports.ts'

/** What proven services are remembered by; one without replicas has no container that could bear it out. */
export function provenServices({ services }: DesiredState): ProvenState['services'] {
  const running = services.filter(({ replicas }) => replicas > 0)
  return Object.fromEntries(running.map((service) => [service.name, proofOf(service)]))
}

/** Its hash, which leaves the image out, the image that it was pulled as, and the files that it was told of. */
export function proofOf(service: DesiredService): string {
  const made = makingOf(service)
  const told = reloadText(service.reloads)
  if (told === '') return made
  return `${made.includes(' ') ? made : `${made} -`} ${told}`
}

/** Whether a proof is of such a container, whatever files it was told of since. */
export function provesMaking(proof: string | undefined, service: DesiredService): boolean {
  if (proof === undefined) return false
  const [hash = '', image = '-'] = proof.split(' ')
  const made = makingOf(service)
  return made === (image === '-' ? hash : `${hash} ${image}`)
}

/** The files that a service was told of when it was proven, as `reloadText` writes them. */
export function reloadOf(proof: string): string {
  return proof.split(' ')[2] ?? ''
}

function makingOf({ hash, image, source }: DesiredService): string {
  return image === null || source === 'built' ? hash : `${hash} ${formatImageReference(image)}`
}

/** The image that a proven service was pulled as; null where it was built. */
export function imageOf(proof: string): ImageReference | null {
  const [, image = '-'] = proof.split(' ')
  return image === '-' ? null : parseImageReference(image)
}

/** Whether both prove the same services, but for images that are among these updates, each `registry/path@digest`. */
export function isSameButFor(
  before: ProvenState['services'],
  now: ProvenState['services'],
  updates: ReadonlySet<string>,
): boolean {
  const names = new Set([...Object.keys(before), ...Object.keys(now)])
  return [...names].every((service) => {
    const [one, other] = [before[service], now[service]]
    if (one === other) return true
    if (one === undefined || other === undefined) return false
    const [from, to] = [imageOf(one), imageOf(other)]
    if (from === null || to === null || withoutImage(one) !== withoutImage(other)) return false
    const name = repositoryName(to)
    return repositoryName(from) === name && updates.has(`${name}@${to.digest ?? ''}`)
  })
}

function withoutImage(proof: string): string {
  const [hash = ''] = proof.split(' ')
  return `${hash} ${reloadOf(proof)}`
}

/** Whether a container still is what was proven; whether it runs is its owner's business. */
export function bearsOut(proof: string, container: ObservedContainer): boolean {
  const [hash = ''] = proof.split(' ')
  const image = imageOf(proof)
  const service: DesiredService = {
    name: container.service,
    hash,
    image,
    source: image === null ? 'built' : 'pulled',
    pull: 'always',
    replicas: 1,
    reloads: [],
    lasting: null,
    ties: [],
  }
  return planDeployment([service], [container]).every(({ action }) => action === 'keep')
}
