import { seccompProfile } from '../../domain/compose/seccomp.ts'
import { MagosError } from '../../domain/error.ts'
import type { ComposeDocument, Provider } from '../../ports.ts'

interface Deployer {
  readonly runtime: 'podman' | 'docker'
  readonly provider: Pick<Provider, 'name'>
}

type Fields = Readonly<Record<string, unknown>>

/** Throws `compose` for what podman refuses to make, in words that do not tell why, once the old container is gone. */
export function refuseUnfitServices(
  { runtime, provider }: Deployer,
  { services }: ComposeDocument,
): void {
  if (runtime === 'docker') return
  for (const [name, service] of Object.entries(services)) {
    if (provider.name === 'docker-compose') refuseProfile(name, service)
    refuseInit(name, service)
  }
}

/** Compose sends what stands in the file, as docker wants it, and podman takes that for the file's name. */
function refuseProfile(name: string, { security_opt: options }: Fields): void {
  const profile = [options].flat().flatMap((one) => seccompProfile(one) ?? [])[0]
  if (profile === undefined) return
  throw new MagosError(
    'compose',
    `Deploy service "${name}": podman takes no seccomp profile from Docker Compose, "${profile.start}${profile.path}"`,
    {
      remedy:
        'Deploy by podman-compose, which names the file to podman (PODMAN_COMPOSE_PROVIDER=podman-compose); or make it the profile of all containers: seccomp_profile under [containers] in containers.conf; or do without it',
    },
  )
}

/** podman runs its init as the first process of a namespace, which is taken where the namespace is another's. */
function refuseInit(name: string, { init, pid }: Fields): void {
  if (init !== true || typeof pid !== 'string' || pid === '' || pid === 'private') return
  throw new MagosError(
    'compose',
    `Deploy service "${name}": podman runs no init in a process namespace of somebody else, and it has "init: true" with "pid: ${pid}"`,
    {
      remedy:
        'Do without "init: true" there: the first process of that namespace reaps what ends in it',
    },
  )
}
