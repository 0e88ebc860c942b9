import { randomBytes } from 'node:crypto'
import type { KeyPairKeyObjectResult } from 'node:crypto'
import { account } from './accounts.ts'
import type { Lab } from './call.ts'
import type { LabRepository } from './lab-repository.ts'
import { installationPayload, installationRepositoriesPayload } from './payloads.ts'
import type { InstallationAction } from './payloads.ts'
import { covers } from './state.ts'
import type { AppRecord, Hook, InstallationRecord, Permissions, State } from './state.ts'

export interface NewApp {
  readonly slug?: string
  readonly permissions?: Permissions
  readonly events?: readonly string[]
  readonly hook?: Hook
}

const defaultPermissions: Permissions = {
  metadata: 'read',
  contents: 'write',
  packages: 'read',
  pull_requests: 'write',
  deployments: 'write',
  statuses: 'write',
  checks: 'write',
}

export function createApp(
  state: State,
  keys: KeyPairKeyObjectResult,
  {
    slug = 'magos-lab',
    permissions = defaultPermissions,
    events = ['push', 'registry_package', 'package', 'pull_request'],
    hook,
  }: NewApp,
): AppRecord {
  const id = state.nextId()
  const app: AppRecord = {
    id,
    slug,
    clientId: `Iv23li${randomBytes(7).toString('hex')}`,
    owner: state.person,
    bot: account(state, `${slug}[bot]`, 'Bot'),
    privateKey: keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey: keys.publicKey,
    permissions,
    events,
    hook: hook ?? null,
    hookId: state.nextId(),
    createdAt: state.now(),
  }
  state.apps.set(id, app)
  return app
}

/** What the owner of an account does to an App's installation; the App is told of it. */
export interface Installing {
  install(
    app: AppRecord,
    repositories: readonly LabRepository[] | 'all',
    options?: { owner?: string; permissions?: Permissions },
  ): InstallationRecord
  suspend(installation: InstallationRecord): void
  unsuspend(installation: InstallationRecord): void
  uninstall(installation: InstallationRecord): void
  /** The owner accepts (or the App loses) permissions. */
  grant(installation: InstallationRecord, permissions: Permissions): void
  select(installation: InstallationRecord, repositories: readonly LabRepository[]): void
}

export function installing(lab: Lab): Installing {
  const { state, deliveries } = lab
  const announce = (installation: InstallationRecord, action: InstallationAction): void => {
    const covered = state.repositories.filter((repository) => covers(installation, repository))
    const { app, id } = installation
    const payload = installationPayload(state, installation, action, covered)
    deliveries.send({ app, event: 'installation', payload, installationId: id, repositoryId: null })
  }
  return {
    install(app, repositories, { owner, permissions = app.permissions } = {}) {
      const named = repositories === 'all' ? undefined : repositories[0]?.record.owner
      const installation: InstallationRecord = {
        id: state.nextId(),
        app,
        account: named ?? account(state, owner ?? 'acme', 'Organization'),
        repositories:
          repositories === 'all' ? 'all' : new Set(repositories.map(({ record }) => record.id)),
        permissions,
        events: app.events,
        suspendedAt: null,
        createdAt: state.now(),
      }
      state.installations.set(installation.id, installation)
      announce(installation, 'created')
      return installation
    },
    suspend(installation) {
      installation.suspendedAt = state.now()
      announce(installation, 'suspend')
    },
    unsuspend(installation) {
      installation.suspendedAt = null
      announce(installation, 'unsuspend')
    },
    uninstall(installation) {
      announce(installation, 'deleted')
      state.installations.delete(installation.id)
    },
    grant(installation, permissions) {
      installation.permissions = permissions
      announce(installation, 'new_permissions_accepted')
    },
    select(installation, repositories) {
      select(lab, installation, repositories)
    },
  }
}

function select(
  { state, deliveries }: Lab,
  installation: InstallationRecord,
  repositories: readonly LabRepository[],
): void {
  const before = state.repositories.filter((held) => covers(installation, held))
  installation.repositories = new Set(repositories.map(({ record }) => record.id))
  const after = state.repositories.filter((held) => covers(installation, held))
  const added = after.filter((held) => !before.includes(held))
  const removed = before.filter((held) => !after.includes(held))
  const payload = installationRepositoriesPayload(state, installation, { added, removed })
  const { app, id } = installation
  const event = 'installation_repositories'
  deliveries.send({ app, event, payload, installationId: id, repositoryId: null })
}
