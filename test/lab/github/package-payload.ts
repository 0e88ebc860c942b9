import type { JsonObject } from './json.ts'
import { nodeId, repositoryShape, userShape } from './shapes.ts'
import type { Account, InstallationRecord, RepositoryRecord, State } from './state.ts'

/** A manifest that was pushed to GHCR. */
export interface PublishedPackage {
  readonly owner: Account
  /** Path below the owner, as pushed. */
  readonly name: string
  /** Empty for a manifest without a tag: the child of an index, an attestation. */
  readonly tag: string
  readonly digest: string
  readonly kind: 'image' | 'index'
  readonly action: 'published' | 'updated'
  /** Host (and port) that `package_url` names; GitHub's own is `ghcr.io`. */
  readonly registry: string
  readonly platforms: readonly { digest: string; os: string; architecture: string }[]
}

export interface PackageContext {
  readonly repository: RepositoryRecord
  readonly installation: InstallationRecord
  /** Root key: an App gets `registry_package`, a repository's own hook may get `package`. */
  readonly event: 'registry_package' | 'package'
  readonly commit: string
  readonly id: number
}

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#registry_package */
export function packagePayload(
  state: State,
  published: PublishedPackage,
  { repository, installation, event, commit, id }: PackageContext,
): JsonObject {
  const { owner, name, action } = published
  const html = `${state.url}/${owner.type === 'User' ? 'users' : 'orgs'}/${owner.login}/packages/container`
  return {
    action,
    [event]: {
      id,
      name,
      namespace: owner.login,
      description: event === 'registry_package' && action === 'updated' ? null : '',
      ecosystem: 'CONTAINER',
      package_type: 'CONTAINER',
      html_url: `${html}/${encodeURIComponent(name)}`,
      created_at: '0001-01-01T00:00:00Z',
      updated_at: '0001-01-01T00:00:00Z',
      owner: userShape(state, owner),
      package_version: packageVersion(state, published, { repository, html, commit, id }),
      registry: {
        about_url: 'https://docs.github.com/packages/learn-github-packages',
        name: 'GitHub CONTAINER registry',
        type: 'CONTAINER',
        url: `https://${published.registry}/${owner.login}`,
        vendor: 'GitHub Inc',
      },
    },
    repository: repositoryShape(state, repository),
    sender: userShape(state, owner),
    installation: { id: installation.id, node_id: nodeId('Installation', installation.id) },
  }
}

function packageVersion(
  state: State,
  published: PublishedPackage,
  {
    repository,
    html,
    commit,
    id,
  }: { repository: RepositoryRecord; html: string; commit: string; id: number },
): JsonObject {
  const { owner, name, tag, digest, registry } = published
  return {
    id: id + 1,
    version: digest,
    name: digest,
    description: '',
    summary: '',
    body: '',
    body_html: '',
    release: {
      url: `${state.url}/releases/1`,
      html_url: `${state.url}/releases/1`,
      id: 1,
      tag_name: tag,
      target_commitish: commit,
      name: tag,
      draft: false,
      author: userShape(state, owner),
      prerelease: false,
      created_at: '0001-01-01T00:00:00Z',
      published_at: '0001-01-01T00:00:00Z',
    },
    manifest: '',
    html_url: `${html}/${encodeURIComponent(name)}/${id + 1}`,
    tag_name: tag,
    target_commitish: repository.defaultBranch,
    target_oid: commit,
    draft: false,
    prerelease: false,
    created_at: '0001-01-01T00:00:00Z',
    updated_at: '0001-01-01T00:00:00Z',
    metadata: [],
    docker_metadata: [],
    container_metadata: containerMetadata(published, repository, commit),
    package_files: [],
    installation_command: `docker pull ${registry}/${owner.login.toLowerCase()}/${name}:${tag}`,
    // An empty tag leaves the colon behind, there as here.
    package_url: `${registry}/${owner.login.toLowerCase()}/${name}:${tag}`,
    author: userShape(state, owner),
  }
}

function containerMetadata(
  { tag, digest, kind, platforms }: PublishedPackage,
  repository: RepositoryRecord,
  commit: string,
): JsonObject {
  const labels: Record<string, string> =
    kind === 'index'
      ? { 'github.internal.platforms': JSON.stringify(platforms) }
      : { 'org.opencontainers.image.revision': commit }
  return {
    tag: { name: tag, digest },
    labels: {
      description: '',
      source:
        kind === 'index' ? '' : `https://github.com/${repository.owner.login}/${repository.name}`,
      revision: kind === 'index' ? '' : commit,
      image_url: '',
      licenses: '',
      all_labels: labels,
    },
    manifest: {
      digest,
      media_type:
        kind === 'index'
          ? 'application/vnd.oci.image.index.v1+json'
          : 'application/vnd.oci.image.manifest.v1+json',
      uri: `repositories/${repository.owner.login}/${repository.name}/manifests/${digest}`,
      size: 1067,
      config: {
        digest: kind === 'index' ? '' : digest,
        media_type: kind === 'index' ? '' : 'application/vnd.oci.image.config.v1+json',
        size: kind === 'index' ? 0 : 2048,
      },
      layers: [],
    },
  }
}
