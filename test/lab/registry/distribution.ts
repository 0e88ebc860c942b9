import { errorAnswer, jsonAnswer, type LabAnswer, type LabRequest } from './message.ts'
import { digestOf, readManifest, type RegistryStore, type StoredManifest } from './store.ts'

export interface DistributionOptions {
  /** Tags a page at most; a request may ask for fewer. Unset: only what a request asks for. */
  readonly pageSize?: number | undefined
  /** GHCR lists the oldest push first, the specification wants them sorted. */
  readonly order: 'lexical' | 'pushed'
  /** `left-out`: as older registries answer, and ECR on GET. */
  readonly digestHeader: 'sent' | 'left-out'
}

/** The OCI distribution API over a store, for one authorised request below `/v2/`. */
export function answerDistribution(
  store: RegistryStore,
  options: DistributionOptions,
  request: LabRequest,
): LabAnswer {
  if (request.path === '/v2/') return jsonAnswer(200, {})
  const [, repository = '', kind = '', reference = ''] =
    /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|tags|referrers)\/([^/]*)$/.exec(request.path) ??
    []
  if (kind === 'tags' && reference === 'list') return listTags(store, options, repository, request)
  if (kind === 'manifests') return answerManifest(store, options, repository, reference, request)
  if (kind === 'blobs/uploads') return answerUpload(store, repository, reference, request)
  if (kind === 'blobs') return answerBlob(store, reference, request)
  if (kind === 'referrers') return listReferrers(store, repository, reference, request)
  return errorAnswer(404, 'UNSUPPORTED', 'no such route')
}

function listTags(
  store: RegistryStore,
  { pageSize, order }: DistributionOptions,
  repository: string,
  { query }: LabRequest,
): LabAnswer {
  const pushed = store.tags(repository)
  if (pushed === null) return errorAnswer(404, 'NAME_UNKNOWN', 'repository name not known')
  const tags = order === 'lexical' ? pushed.toSorted() : pushed
  const asked = Number.parseInt(query.get('n') ?? '', 10)
  const size = Math.min(
    Number.isNaN(asked) ? Number.POSITIVE_INFINITY : asked,
    pageSize ?? Number.POSITIVE_INFINITY,
  )
  const last = query.get('last')
  const start = last === null ? 0 : firstAfter(tags, last, order)
  const page = tags.slice(start, start + size)
  const isEnd = start + page.length >= tags.length || page.length === 0
  const next = new URLSearchParams({ last: page.at(-1) ?? '', n: String(page.length) })
  const link = `</v2/${repository}/tags/list?${next.toString()}>; rel="next"`
  return jsonAnswer(200, { name: repository, tags: page }, isEnd ? {} : { link })
}

function firstAfter(tags: readonly string[], last: string, order: DistributionOptions['order']) {
  const index = order === 'lexical' ? tags.findIndex((tag) => tag > last) : tags.indexOf(last) + 1
  return index === -1 ? tags.length : index
}

function answerManifest(
  store: RegistryStore,
  options: DistributionOptions,
  repository: string,
  reference: string,
  request: LabRequest,
): LabAnswer {
  if (request.method === 'PUT') return putManifest(store, repository, reference, request)
  const manifest = store.manifest(repository, reference)
  if (manifest === null) return errorAnswer(404, 'MANIFEST_UNKNOWN', 'manifest unknown')
  if (request.method === 'DELETE') {
    store.deleteManifest(repository, reference)
    return { status: 202 }
  }
  if (!isAccepted(manifest, request.headers['accept'] ?? '*/*')) {
    return errorAnswer(
      404,
      'MANIFEST_UNKNOWN',
      'manifest found, but accept header does not support it',
    )
  }
  const etag = `"${manifest.digest}"`
  if (request.headers['if-none-match'] === etag) return { status: 304 }
  const told = options.digestHeader === 'sent' ? { 'docker-content-digest': manifest.digest } : {}
  const headers = { 'content-type': manifest.mediaType, etag, ...told }
  return { status: 200, headers, body: manifest.bytes }
}

function isAccepted({ mediaType }: StoredManifest, accept: string): boolean {
  const types = new Set(accept.split(',').map((type) => type.split(';')[0]?.trim()))
  return types.has(mediaType) || types.has('*/*')
}

function putManifest(
  store: RegistryStore,
  repository: string,
  reference: string,
  { headers, body }: LabRequest,
): LabAnswer {
  const document = readManifest(body)
  if (document === null) return errorAnswer(400, 'MANIFEST_INVALID', 'manifest invalid')
  if (reference.includes(':') && reference !== digestOf(body)) {
    return errorAnswer(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content')
  }
  const missing = blobsOf(document).find((digest) => store.blob(digest) === null)
  if (missing !== undefined) return errorAnswer(400, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown')
  const mediaType = headers['content-type'] ?? 'application/vnd.oci.image.manifest.v1+json'
  const manifest = store.putManifest(repository, reference, mediaType, body)
  const location = `/v2/${repository}/manifests/${manifest.digest}`
  const subject = manifest.subject === null ? {} : { 'oci-subject': manifest.subject }
  return {
    status: 201,
    headers: { location, 'docker-content-digest': manifest.digest, ...subject },
  }
}

function blobsOf(document: Readonly<Record<string, unknown>>): readonly string[] {
  const layers: readonly unknown[] = Array.isArray(document['layers']) ? document['layers'] : []
  return [document['config'], ...layers].flatMap((part) => {
    const isObject = typeof part === 'object' && part !== null
    return isObject && 'digest' in part && typeof part.digest === 'string' ? [part.digest] : []
  })
}

function answerBlob(store: RegistryStore, digest: string, { method }: LabRequest): LabAnswer {
  const bytes = store.blob(digest)
  if (bytes === null) return errorAnswer(404, 'BLOB_UNKNOWN', 'blob unknown to registry')
  if (method === 'DELETE') {
    store.deleteBlob(digest)
    return { status: 202 }
  }
  const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest }
  return { status: 200, headers, body: bytes }
}

function answerUpload(
  store: RegistryStore,
  repository: string,
  id: string,
  request: LabRequest,
): LabAnswer {
  if (request.method === 'POST') return beginUpload(store, repository, request)
  const size = store.appendUpload(id, request.body)
  if (size === null)
    return errorAnswer(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry')
  if (request.method === 'PUT') return endUpload(store, repository, id, request)
  const status = request.method === 'PATCH' ? 202 : 204
  return uploadAnswer(status, repository, id, size)
}

function beginUpload(
  store: RegistryStore,
  repository: string,
  { query, body }: LabRequest,
): LabAnswer {
  const mount = query.get('mount')
  if (mount !== null && store.blob(mount) !== null) return createdBlob(repository, mount)
  const digest = query.get('digest')
  if (digest !== null) return keepBlob(store, repository, digest, body)
  return uploadAnswer(202, repository, store.beginUpload(), 0)
}

function endUpload(
  store: RegistryStore,
  repository: string,
  id: string,
  { query }: LabRequest,
): LabAnswer {
  const bytes = store.endUpload(id) ?? new Uint8Array()
  return keepBlob(store, repository, query.get('digest') ?? '', bytes)
}

function keepBlob(
  store: RegistryStore,
  repository: string,
  digest: string,
  bytes: Uint8Array,
): LabAnswer {
  if (digest !== digestOf(bytes)) {
    return errorAnswer(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content')
  }
  return createdBlob(repository, store.putBlob(bytes))
}

function createdBlob(repository: string, digest: string): LabAnswer {
  const location = `/v2/${repository}/blobs/${digest}`
  return { status: 201, headers: { location, 'docker-content-digest': digest } }
}

function uploadAnswer(status: number, repository: string, id: string, size: number): LabAnswer {
  const location = `/v2/${repository}/blobs/uploads/${id}`
  const range = `0-${Math.max(size - 1, 0)}`
  return { status, headers: { location, range, 'docker-upload-uuid': id } }
}

function listReferrers(
  store: RegistryStore,
  repository: string,
  digest: string,
  { query }: LabRequest,
): LabAnswer {
  const wanted = query.get('artifactType')
  const manifests = store
    .manifests(repository)
    .filter(({ subject }) => subject === digest)
    .map((manifest) => describeReferrer(manifest))
    .filter(({ artifactType }) => wanted === null || artifactType === wanted)
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const filters = wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }
  const headers = { 'content-type': mediaType, ...filters }
  return jsonAnswer(200, { schemaVersion: 2, mediaType, manifests }, headers)
}

function describeReferrer({ bytes, mediaType, digest }: StoredManifest) {
  const { artifactType, annotations, config } = readManifest(bytes) ?? {}
  const configType =
    typeof config === 'object' && config !== null && 'mediaType' in config ? config.mediaType : null
  return {
    mediaType,
    digest,
    size: bytes.byteLength,
    artifactType: artifactType ?? configType,
    ...(annotations === undefined ? {} : { annotations }),
  }
}
