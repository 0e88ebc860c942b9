import { seccompProfile } from '../compose/seccomp.ts'
import { members } from './members.ts'
import { doubled, type OpenedFile } from './opened-file.ts'

type Fields = Readonly<Record<string, unknown>>

interface Placing {
  readonly service: Fields
  readonly files: readonly OpenedFile[]
}

/** A service whose own paths of encrypted files lead to their plaintext, and which those are. */
export function placeService(service: Fields, opened: readonly OpenedFile[]): Placing {
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

function inOption(option: unknown, replace: (text: string) => string): unknown {
  const profile = seccompProfile(option)
  return profile === null ? option : `${profile.start}${replace(profile.path)}`
}

/** A path by itself, or the one in a field. */
function inField(value: unknown, field: string, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value)
  const fields = members(value)
  const path = fields[field]
  return typeof path === 'string' ? { ...fields, [field]: replace(path) } : value
}

function each(value: unknown, map: (one: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map(map) : map(value)
}
