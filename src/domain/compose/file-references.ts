import { isMap, isScalar, type Node } from 'yaml'

import { readIncludes, type Include } from './includes.ts'
import { mappings, type Mappings } from './mapping.ts'
import { child, text, texts, values, type Text } from './node-text.ts'
import { seccompProfile } from './seccomp.ts'
import { start } from './yaml-document.ts'
import type { YamlFile } from './yaml-file.ts'

/** A path that a compose file names, as it is written there. */
export interface FileReference {
  /** The key that names it, for messages. */
  readonly what: string
  readonly role: 'include' | 'extends' | 'read' | 'context' | 'mount'
  readonly value: string
  readonly offset: number
  readonly need: 'required' | 'optional'
  /** A build context that the path is relative to; null for the project directory. */
  readonly below: string | null
  /** The service that `extends` takes. */
  readonly service: string | null
  /** What an included file's own paths are relative to; null for the directory of the first of them. */
  readonly projectDirectory: string | null
}

/** Every path that Compose would read, build from or mount for a file, or for one service of it alone. */
export function fileReferences(yaml: YamlFile, service: string | null): readonly FileReference[] {
  return yaml.documents.flatMap((document) => {
    const { root } = document
    const read = mappings(document)
    const services = child(read, root, 'services')
    const all = isMap(services) ? [...read.entries(services)] : []
    const due = all.filter(([name]) => service === null || name === service)
    return [
      ...due.flatMap(([, { node }]) => serviceReferences(read, node)),
      ...(service === null ? topReferences(read, root) : []),
    ]
  })
}

function reference(
  what: string,
  role: FileReference['role'],
  { value, offset }: Text,
  rest: Partial<FileReference> = {},
): FileReference {
  const usual = { need: 'required', below: null, service: null, projectDirectory: null } as const
  return { what, role, value, offset, ...usual, ...rest }
}

function serviceReferences(read: Mappings, service: Node): readonly FileReference[] {
  const credential = text(child(read, child(read, service, 'credential_spec'), 'file'))
  return [
    ...envFiles(read, child(read, service, 'env_file')),
    ...texts(read, child(read, service, 'label_file')).map((file) =>
      reference('label_file', 'read', file),
    ),
    ...(credential === null ? [] : [reference('credential_spec.file', 'read', credential)]),
    ...extended(read, child(read, service, 'extends')),
    ...buildReferences(read, child(read, service, 'build')),
    ...texts(read, child(read, service, 'security_opt')).flatMap(profileReference),
    ...volumeReferences(read, child(read, service, 'volumes')),
  ]
}

function envFiles(read: Mappings, node: Node | null): readonly FileReference[] {
  if (node === null) return []
  return read.items(node).flatMap((item) => {
    const path = text(item) ?? text(child(read, item, 'path'))
    const required = child(read, item, 'required')
    const optional = isScalar(required) && String(required.value).toLowerCase() === 'false'
    if (path === null) return []
    return [reference('env_file', 'read', path, { need: optional ? 'optional' : 'required' })]
  })
}

function extended(read: Mappings, node: Node | null): readonly FileReference[] {
  const service = text(node) ?? text(child(read, node, 'service'))
  if (service === null) return []
  const file = text(child(read, node, 'file')) ?? { value: '', offset: service.offset }
  return [reference('extends.file', 'extends', file, { service: service.value })]
}

function buildReferences(read: Mappings, node: Node | null): readonly FileReference[] {
  if (node === null) return []
  const context = text(node) ??
    text(child(read, node, 'context')) ?? { value: '.', offset: start(node) }
  const dockerfile = text(child(read, node, 'dockerfile'))
  return [
    reference('build.context', 'context', context),
    ...(dockerfile === null
      ? []
      : [reference('build.dockerfile', 'read', dockerfile, { below: context.value })]),
    ...pairs(read, child(read, node, 'additional_contexts'))
      .filter(({ value }) => !/^(?:docker-image:\/\/|service:|target:)/.test(value))
      .map((value) => reference('build.additional_contexts', 'context', value)),
    ...pairs(read, child(read, node, 'ssh')).map((key) => reference('build.ssh', 'read', key)),
  ]
}

/** The right sides of a mapping, or of a list of `KEY=VALUE`. */
function pairs(read: Mappings, node: Node | null): readonly Text[] {
  if (isMap(node)) return values(read, node).flatMap((value) => text(value) ?? [])
  return texts(read, node).flatMap(({ value, offset }) => {
    const at = value.indexOf('=') + 1
    return at === 0 ? [] : [{ value: value.slice(at), offset: offset + at }]
  })
}

/** Compose itself reads a seccomp profile, or the engine does. */
function profileReference({ value, offset }: Text): readonly FileReference[] {
  const profile = seccompProfile(value)
  if (profile === null) return []
  return [reference('security_opt', 'read', { value: profile.path, offset })]
}

/** Bind mounts by a relative path; the host's own paths are nobody's business here. */
function volumeReferences(read: Mappings, node: Node | null): readonly FileReference[] {
  if (node === null) return []
  return read.items(node).flatMap((item) => {
    const short = text(item)
    if (short !== null) {
      const [source = ''] = short.value.split(':')
      const relative = short.value.includes(':') && /^\.{1,2}(?:\/|$)/.test(source)
      return relative ? [reference('volumes', 'mount', { ...short, value: source })] : []
    }
    const source = text(child(read, item, 'source'))
    const bound = text(child(read, item, 'type'))?.value === 'bind'
    const relative = source !== null && bound && !/^[/~]/.test(source.value)
    return relative ? [reference('volumes', 'mount', source)] : []
  })
}

function topReferences(read: Mappings, root: Node | null): readonly FileReference[] {
  return [
    ...readIncludes(read, root).flatMap(includeReferences),
    ...['configs', 'secrets'].flatMap((kind) =>
      values(read, child(read, root, kind)).flatMap((value) => {
        const file = text(child(read, value, 'file'))
        return file === null ? [] : [reference(`${kind}.file`, 'read', file)]
      }),
    ),
  ]
}

function includeReferences(include: Include): readonly FileReference[] {
  const { paths, environment, projectDirectory } = include
  return [
    ...paths.map((path) => reference('include', 'include', path, { projectDirectory })),
    ...environment.map((path) => reference('include.env_file', 'read', path)),
  ]
}
