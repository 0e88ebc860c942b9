import type { DesiredState } from '../../src/domain/deploy/desired-state.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { Stack } from '../../src/domain/stack.ts'

/** A setting for a service that is not there would silently do nothing. Throws `stack` with the setting's place. */
export function refuseUnknownServices(
  { name, options, places }: Stack,
  { services }: DesiredState,
): void {
  const known = new Set(services.map((service) => service.name))
  const settings = [
    ...options.probes.map(({ service }) => ['probes', service] as const),
    ...options.changes.map(({ service }) => ['changes', service] as const),
  ]
  for (const [setting, service] of settings) {
    if (known.has(service)) continue
    throw new MagosError(
      'stack',
      `Cannot apply the settings of service "${service}": stack "${name}" has no such service`,
      {
        place: places?.get(`${setting}.${service}`) ?? { file: '.magos.yaml' },
        remedy: `Write one of ${[...known].join(', ')}, or activate its profile`,
      },
    )
  }
}
