import type { ComposeDocument } from './desired-state.ts'
import { LABEL } from './labels.ts'

/** A decrypted file of a stack. */
export interface OpenedFile {
  /** Where its ciphertext lies: absolute, in the stable directory. */
  readonly path: string
  /** Where it stands in the clear for containers that mount it: absolute, in memory. */
  readonly placed: string
  /** Keyed digest of its plaintext. */
  readonly digest: string
}

/** A decrypted file that containers read while they run. */
export interface PlacedFile extends OpenedFile {
  /** Containers see it so; only its directory keeps others of this host out. */
  readonly mode: number
}

export interface PlacedSecrets {
  /** The document that names the decrypted files, each service labelled with the digests of those that it reads. */
  readonly document: ComposeDocument
  readonly files: readonly PlacedFile[]
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Points every mount, config, secret, env_file and seccomp profile of an encrypted file at its plaintext. Where a folder
 * is mounted that holds one, the file is mounted over its ciphertext. Paths in a document have their `$` doubled.
 */
export function placeSecrets(
  document: ComposeDocument,
  opened: readonly OpenedFile[],
): PlacedSecrets {
  if (opened.length === 0) return { document, files: [] }
  const definitions = {
    configs: places(document['configs'], opened),
    secrets: places(document['secrets'], opened),
  }
  const used = new Map<string, PlacedFile>()
  const services = Object.entries(document.services).map(([name, service]) => {
    const placed = placeService(service, opened)
    const named = [
      ...namedFiles(service['configs'], definitions.configs),
      ...namedFiles(service['secrets'], definitions.secrets),
    ]
    const files = [...placed.files, ...named.map(({ file }) => file)]
    for (const file of files) note(used, file, modeFor(service))
    for (const { file, mode } of named) if (mode !== null) note(used, file, mode)
    return [name, labelled(placed.service, files)] as const
  })
  return {
    document: {
      ...document,
      ...withFiles('configs', document['configs'], opened),
      ...withFiles('secrets', document['secrets'], opened),
      services: Object.fromEntries(services),
    },
    files: [...used.values()],
  }
}

/** Whoever reads it beside its owner must be able to: the modes of several services add up. */
function note(used: Map<string, PlacedFile>, file: OpenedFile, mode: number): void {
  const before = used.get(file.placed)?.mode ?? OWNER_ONLY
  used.set(file.placed, { ...file, mode: before | mode })
}

const OWNER_ONLY = 0o600
const EVERYBODY = 0o444

/** To a container, a file of ours belongs to its root; whoever else it runs as is somebody else. */
function modeFor({ user }: Fields): number {
  const name =
    typeof user === 'string' || typeof user === 'number' ? String(user).split(':')[0] : ''
  return name === '' || name === '0' || name === 'root' ? OWNER_ONLY : EVERYBODY
}

interface Placing {
  readonly service: Fields
  readonly files: readonly OpenedFile[]
}

function placeService(service: Fields, opened: readonly OpenedFile[]): Placing {
  const files: OpenedFile[] = []
  const exact = (text: string): string => {
    const file = opened.find(({ path }) => doubled(path) === text)
    if (file === undefined) return text
    files.push(file)
    return doubled(file.placed)
  }
  const place: Readonly<Record<string, (value: unknown) => unknown>> = {
    env_file: (value) => each(value, (one) => inField(one, 'path', exact)),
    label_file: (value) => each(value, (one) => inField(one, '', exact)),
    security_opt: (value) => each(value, (one) => inOption(one, exact)),
    volumes: (value) => (Array.isArray(value) ? value.flatMap((one) => volume(one, exact)) : value),
  }
  const volume = (one: unknown, replace: (text: string) => string): readonly unknown[] => [
    inVolume(one, replace),
    ...overlaid(one, opened, files),
  ]
  const entries = Object.entries(service).map(([key, value]) => [key, place[key]?.(value) ?? value])
  return { service: Object.fromEntries(entries), files }
}

/** `SOURCE:TARGET[:OPTIONS]`, or the long form. */
function inVolume(volume: unknown, replace: (text: string) => string): unknown {
  if (typeof volume !== 'string')
    return isBind(volume) ? inField(volume, 'source', replace) : volume
  const [source = '', ...rest] = volume.split(':')
  return rest.length === 0 ? volume : [replace(source), ...rest].join(':')
}

/** Mounts of the decrypted files below a mounted folder, each over the ciphertext that lies there. */
function overlaid(volume: unknown, opened: readonly OpenedFile[], files: OpenedFile[]): unknown[] {
  const { source, target, options } = mountOf(volume)
  if (source === '' || target === '') return []
  return opened.flatMap((file): unknown[] => {
    const path = doubled(file.path)
    if (!path.startsWith(`${source}/`)) return []
    files.push(file)
    const over = `${target.replace(/\/$/, '')}/${path.slice(source.length + 1)}`
    const from = doubled(file.placed)
    if (typeof volume === 'string') return [[from, over, ['ro', ...options].join(',')].join(':')]
    const bind = options.length === 0 ? {} : { bind: { selinux: options[0] } }
    return [{ type: 'bind', source: from, target: over, read_only: true, ...bind }]
  })
}

interface Mount {
  readonly source: string
  readonly target: string
  /** How SELinux shall label it, which must not differ within one container. */
  readonly options: readonly string[]
}

function mountOf(volume: unknown): Mount {
  if (typeof volume === 'string') {
    const [source = '', target = '', options = ''] = volume.split(':')
    return { source, target, options: options.split(',').filter((one) => /^[zZ]$/.test(one)) }
  }
  const { source, target, bind } = isBind(volume) ? members(volume) : members(null)
  const { selinux } = members(bind)
  return {
    source: typeof source === 'string' ? source : '',
    target: typeof target === 'string' ? target : '',
    options: typeof selinux === 'string' && selinux !== '' ? [selinux] : [],
  }
}

function isBind(volume: unknown): boolean {
  return members(volume)['type'] === 'bind'
}

/** `seccomp=PATH` and `seccomp:PATH`. */
function inOption(option: unknown, replace: (text: string) => string): unknown {
  if (typeof option !== 'string') return option
  const [whole, start = '', path = ''] = /^(seccomp[:=])(.+)$/.exec(option) ?? []
  return whole === undefined ? option : `${start}${replace(path)}`
}

/** A path by itself, or the one in a field. */
function inField(value: unknown, field: string, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value)
  const fields = members(value)
  const path = fields[field]
  return typeof path === 'string' ? { ...fields, [field]: replace(path) } : value
}

/** The encrypted files behind a section's definitions, by their names. */
function places(
  definitions: unknown,
  opened: readonly OpenedFile[],
): ReadonlyMap<string, OpenedFile> {
  const found = new Map<string, OpenedFile>()
  for (const [name, definition] of Object.entries(members(definitions))) {
    const path = members(definition)['file']
    const file = opened.find((one) => doubled(one.path) === path)
    if (file !== undefined) found.set(name, file)
  }
  return found
}

/** What a service takes of a section, with the mode that it asks for in the long form. */
function namedFiles(
  value: unknown,
  defined: ReadonlyMap<string, OpenedFile>,
): readonly { readonly file: OpenedFile; readonly mode: number | null }[] {
  return (Array.isArray(value) ? value : []).flatMap((item: unknown) => {
    const { source, mode } = members(item)
    const file = defined.get(typeof item === 'string' ? item : String(source))
    return file === undefined ? [] : [{ file, mode: readMode(mode) }]
  })
}

/** Providers print it as a number, or in octal digits. */
function readMode(mode: unknown): number | null {
  if (typeof mode === 'number') return mode & 0o777
  return typeof mode === 'string' && /^0?[0-7]{3}$/.test(mode) ? Number.parseInt(mode, 8) : null
}

function withFiles(section: string, definitions: unknown, opened: readonly OpenedFile[]): Fields {
  const found = places(definitions, opened)
  if (found.size === 0) return {}
  const entries = Object.entries(members(definitions)).map(([name, definition]) => {
    const file = found.get(name)
    return [
      name,
      file === undefined ? definition : { ...members(definition), file: doubled(file.placed) },
    ]
  })
  return { [section]: Object.fromEntries(entries) }
}

/** The engine then tells which files a container still needs. */
function labelled(service: Fields, files: readonly OpenedFile[]): Fields {
  if (files.length === 0) return service
  const digests = [...new Set(files.map(({ digest }) => digest))].toSorted()
  return {
    ...service,
    labels: { ...members(service['labels']), [LABEL.secrets]: digests.join(',') },
  }
}

function each(value: unknown, map: (one: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map(map) : map(value)
}

function doubled(path: string): string {
  return path.replaceAll('$', '$$$$')
}

function members(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {}
}
