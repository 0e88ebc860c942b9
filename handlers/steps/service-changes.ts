import { formatImageReference } from '../../src/domain/image-reference.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import type { ProvenState, ServiceChange } from '../../src/ports.ts'
import { bearsOut } from './proof.ts'
import type { ResolvedStack } from './resolve-stack.ts'

/** The plan with the images that run and those that shall, for the record. `proven` knows tags that the engine forgets. */
export function serviceChanges(
  { plan, desired, containers }: ResolvedStack,
  proven: ProvenState | null,
): ServiceChange[] {
  const wanted = new Map(desired.services.map(({ name, image }) => [name, image]))
  return plan.map(({ name, action, and, reasons }) => {
    const image = wanted.get(name) ?? null
    return {
      name,
      action,
      ...(and === undefined ? {} : { and }),
      reasons,
      from: runningImage(containers, name, proven),
      to: image === null ? null : formatImageReference(image),
    }
  })
}

function runningImage(
  containers: readonly ObservedContainer[],
  name: string,
  proven: ProvenState | null,
): string | null {
  const container = containers.find(({ service }) => service === name)
  if (container === undefined) return null
  const proof = proven?.services[name]
  const [, image = '-'] = proof?.split(' ') ?? []
  return proof !== undefined && image !== '-' && bearsOut(proof, container)
    ? image
    : container.image
}
