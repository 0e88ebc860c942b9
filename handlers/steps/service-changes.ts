import { formatImageReference } from '../../src/domain/image-reference.ts'
import type { ServiceChange } from '../../src/ports.ts'
import type { ResolvedStack } from './resolve-stack.ts'

/** The plan with the images that run and those that shall, for the record. */
export function serviceChanges({ plan, desired, containers }: ResolvedStack): ServiceChange[] {
  const wanted = new Map(desired.services.map(({ name, image }) => [name, image]))
  return plan.map(({ name, action, reasons }) => {
    const image = wanted.get(name) ?? null
    return {
      name,
      action,
      reasons,
      from: containers.find(({ service }) => service === name)?.image ?? null,
      to: image === null ? null : formatImageReference(image),
    }
  })
}
