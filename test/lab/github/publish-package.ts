import type { Lab } from './call.ts'
import type { LabRepository } from './lab-repository.ts'
import { packagePayload } from './package-payload.ts'
import type { PublishedPackage } from './package-payload.ts'
import { allows, covers } from './state.ts'

export interface PackageOptions {
  readonly repository: LabRepository
  readonly name: string
  readonly tag: string
  readonly digest: string
  readonly kind?: PublishedPackage['kind']
  readonly action?: PublishedPackage['action']
  readonly registry?: string
  /** Manifests below the index: each makes an event of its own, with an empty tag. */
  readonly platforms?: PublishedPackage['platforms']
  readonly event?: 'registry_package' | 'package'
}

/** One event for every manifest, the index last, as GHCR sends them. */
export async function publishPackage(
  { state, deliveries }: Lab,
  {
    repository,
    name,
    tag,
    digest,
    platforms = [],
    kind = platforms.length > 0 ? 'index' : 'image',
    action = 'published',
    registry = 'ghcr.io',
    event = 'registry_package',
  }: PackageOptions,
): Promise<void> {
  const { record } = repository
  const { commit } = await repository.head()
  const children = platforms.map((platform) => ({
    tag: '',
    digest: platform.digest,
    kind: 'image' as const,
  }))
  const watching = [...state.installations.values()].filter(
    (installation) =>
      covers(installation, record) &&
      installation.suspendedAt === null &&
      installation.events.includes(event) &&
      allows(installation.permissions, 'packages', 'read'),
  )
  for (const manifest of [...children, { tag, digest, kind }]) {
    const published = { ...manifest, owner: record.owner, name, action, registry, platforms }
    for (const installation of watching) {
      const context = { repository: record, installation, event, commit, id: state.nextId() }
      deliveries.send({
        app: installation.app,
        event,
        payload: packagePayload(state, published, context),
        installationId: installation.id,
        repositoryId: record.id,
      })
    }
  }
}
