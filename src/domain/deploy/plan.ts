import type { ObservedContainer, ServicePlan } from '../deployment.ts'
import {
  formatImageReference,
  parseImageReference,
  type ImageReference,
} from '../image-reference.ts'
import type { DesiredService } from './desired-state.ts'
import { LABEL } from './labels.ts'

/**
 * What has to happen to each service so that the containers of its project become the desired ones. Containers that
 * run another hash or another image are recreated, and so are those that name another stack than this one where it is
 * known; one that a person stopped is kept as it is.
 */
export function planDeployment(
  services: readonly DesiredService[],
  containers: readonly ObservedContainer[],
  stack?: string,
): readonly ServicePlan[] {
  const wanted = services.map((service) =>
    planService(
      service,
      containers.filter((container) => container.service === service.name),
      stack,
    ),
  )
  const names = new Set(services.map(({ name }) => name))
  const orphans = [...new Set(containers.map(({ service }) => service))]
    .filter((name) => !names.has(name))
    .map((name): ServicePlan => ({
      name,
      action: 'remove',
      reasons: ['it is no longer in the compose file'],
    }))
  return [...wanted, ...orphans].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function planService(
  service: DesiredService,
  containers: readonly ObservedContainer[],
  stack: string | undefined,
): ServicePlan {
  const { name } = service
  if (containers.length === 0) {
    return service.replicas === 0
      ? { name, action: 'keep', reasons: ['it has no replicas'] }
      : { name, action: 'create', reasons: ['it has no container'] }
  }
  const reasons = [
    ...new Set(
      containers.flatMap((one) => [...differences(service, one), ...otherStack(one, stack)]),
    ),
  ]
  if (containers.length !== service.replicas) {
    reasons.push(`it has ${containers.length} containers and shall have ${service.replicas}`)
  }
  return reasons.length > 0
    ? { name, action: 'recreate', reasons }
    : { name, action: 'keep', reasons: ['nothing about it changed'] }
}

function differences(service: DesiredService, container: ObservedContainer): string[] {
  const reasons: string[] = []
  const hash = container.labels[LABEL.hash]
  if (hash === undefined) reasons.push('its container was not made by Magos')
  else if (hash !== service.hash) reasons.push('its configuration changed')
  if (service.source === 'pulled' && service.image !== null && !runs(container, service.image)) {
    reasons.push(`it shall run ${formatImageReference(service.image)}`)
  }
  return reasons
}

/** A directory that was moved: what looks for the stack's containers by its name would not find them. */
function otherStack({ labels }: ObservedContainer, stack: string | undefined): string[] {
  const made = labels[LABEL.stack]
  if (made === undefined || stack === undefined || made === stack) return []
  return [`its container was made for stack "${made}"`]
}

/** A pin is compared by digest alone: pinning the digest that runs already changes nothing. */
function runs(container: ObservedContainer, image: ImageReference): boolean {
  if (image.digest !== null) return container.digests.includes(image.digest)
  try {
    const running = parseImageReference(container.image)
    return (
      running.registry === image.registry &&
      running.repository === image.repository &&
      running.digest === null &&
      (running.tag ?? 'latest') === (image.tag ?? 'latest')
    )
  } catch {
    return false
  }
}
