import type { DesiredService, DesiredState } from '../../src/domain/deploy/desired-state.ts'
import { planDeployment } from '../../src/domain/deploy/plan.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import { formatImageReference, parseImageReference } from '../../src/domain/image-reference.ts'
import type { ProvenState } from '../../src/ports.ts'

/** What proven services are remembered by; one without replicas has no container that could bear it out. */
export function provenServices({ services }: DesiredState): ProvenState['services'] {
  const running = services.filter(({ replicas }) => replicas > 0)
  return Object.fromEntries(running.map((service) => [service.name, proofOf(service)]))
}

/** Its hash, which leaves the image out, and the image that it was pulled as. */
export function proofOf({ hash, image, source }: DesiredService): string {
  return image === null || source === 'built' ? hash : `${hash} ${formatImageReference(image)}`
}

/** Whether a container still is what was proven; whether it runs is its owner's business. */
export function bearsOut(proof: string, container: ObservedContainer): boolean {
  const [hash = '', image] = proof.split(' ')
  const service: DesiredService = {
    name: container.service,
    hash,
    image: image === undefined ? null : parseImageReference(image),
    source: image === undefined ? 'built' : 'pulled',
    pull: 'always',
    replicas: 1,
  }
  return planDeployment([service], [container]).every(({ action }) => action === 'keep')
}
