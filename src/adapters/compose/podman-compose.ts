import { resolve } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import type { ComposeDocument } from '../../ports.ts'
import { mapTexts } from './rewrite.ts'

type Service = Readonly<Record<string, unknown>>

/**
 * What podman-compose's `config` leaves undone, done: its relative paths made absolute, its `$` doubled (it prints them
 * single, and `up` would interpolate them again), labels as a map, services of inactive profiles left out. Throws
 * `compose` for `extends` and `include`, which it prints unresolved. Its env_files stay files: it hands their paths on.
 */
export function completeDocument(
  document: ComposeDocument,
  base: string,
  active: readonly string[] = [],
): ComposeDocument {
  const { services, ...others } = document
  if ('include' in others) throw unresolved('the file includes others')
  const completed = Object.entries(services)
    .filter(([, { profiles }]) => isActive(profiles, active))
    .map(([name, service]) => [name, doubled(completeService(name, service, base))])
  const top = Object.entries(others).map(([key, value]) =>
    key === 'configs' || key === 'secrets' ? [key, withFiles(value, base)] : [key, value],
  )
  return { ...doubled(Object.fromEntries(top)), services: Object.fromEntries(completed) }
}

/** https://github.com/compose-spec/compose-spec/blob/main/15-profiles.md */
function isActive(profiles: unknown, active: readonly string[]): boolean {
  if (!Array.isArray(profiles) || profiles.length === 0 || active.includes('*')) return true
  return profiles.some((profile) => active.includes(String(profile)))
}

function doubled(fields: Service): Service {
  return mapTexts(fields, (text) => text.replaceAll('$', '$$$$'))
}

function completeService(name: string, service: Service, base: string): Service {
  if ('extends' in service) throw unresolved(`service "${name}" extends another`)
  const absolute: Record<string, (value: unknown) => unknown> = {
    volumes: (value) => each(value, (volume) => absoluteVolume(volume, base)),
    env_file: (value) => each(value, (file) => absoluteField(file, 'path', base)),
    build: (value) => absoluteField(value, 'context', base),
    labels: asMap,
  }
  return Object.fromEntries(
    Object.entries(service).map(([key, value]) => [key, absolute[key]?.(value) ?? value]),
  )
}

/** `SOURCE:TARGET[:OPTIONS]` whose source is a path, or the long form. */
function absoluteVolume(volume: unknown, base: string): unknown {
  if (typeof volume !== 'string')
    return isBind(volume) ? absoluteField(volume, 'source', base) : volume
  const [source = '', ...rest] = volume.split(':')
  return source.startsWith('.') && rest.length > 0
    ? [resolve(base, source), ...rest].join(':')
    : volume
}

function isBind(volume: unknown): boolean {
  return typeof volume === 'object' && volume !== null && 'type' in volume && volume.type === 'bind'
}

/** A path by itself, or the one in a field. */
function absoluteField(value: unknown, field: string, base: string): unknown {
  if (typeof value === 'string') return absolutePath(value, base)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value)
  return Object.fromEntries(
    fields.map(([key, path]) => [
      key,
      key === field && typeof path === 'string' ? absolutePath(path, base) : path,
    ]),
  )
}

/** A build context may be an address, and `~` is podman-compose's to expand. */
function absolutePath(path: string, base: string): string {
  return path.includes('://') || path.startsWith('git@') || path.startsWith('~')
    ? path
    : resolve(base, path)
}

function withFiles(definitions: unknown, base: string): unknown {
  if (typeof definitions !== 'object' || definitions === null) return definitions
  const entries = Object.entries(definitions)
  return Object.fromEntries(entries.map(([name, one]) => [name, absoluteField(one, 'file', base)]))
}

function each(value: unknown, map: (one: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map(map) : map(value)
}

function asMap(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  return Object.fromEntries(
    value.map((one) => {
      const [key, ...rest] = String(one).split('=')
      return [key, rest.join('=')]
    }),
  )
}

function unresolved(what: string): MagosError {
  return new MagosError(
    'compose',
    `Resolve by podman-compose: ${what}, which its "config" leaves unresolved`,
    {
      remedy: 'Install Docker Compose v2, or write the services out in one file',
    },
  )
}
