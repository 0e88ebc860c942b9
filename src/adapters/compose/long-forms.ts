import { isAtLeast } from './version.ts'

type Fields = Readonly<Record<string, unknown>>

/** A key below one that a podman-compose knows, and what becomes of a service without it. */
interface Row {
  readonly path: readonly string[]
  /** null for no version yet. */
  readonly since: string | null
  readonly without: 'another service' | 'much the same'
  /** What is done where nothing is said. */
  readonly usual?: unknown
}

/** As each version's source shows. */
const ROWS: readonly Row[] = [
  { path: ['volumes', 'bind', 'selinux'], since: '1.2.0', without: 'another service' },
  {
    path: ['volumes', 'bind', 'create_host_path'],
    since: '1.6.0',
    without: 'much the same',
    usual: true,
  },
  { path: ['volumes', 'bind', 'recursive'], since: null, without: 'another service' },
  {
    path: ['volumes', 'volume', 'nocopy'],
    since: null,
    without: 'another service',
    usual: false,
  },
  { path: ['volumes', 'volume', 'subpath'], since: '1.6.0', without: 'another service' },
  { path: ['healthcheck', 'disable'], since: '1.0.6', without: 'another service', usual: false },
  { path: ['healthcheck', 'start_interval'], since: '1.6.0', without: 'much the same' },
  {
    path: ['deploy', 'resources', 'reservations', 'devices'],
    since: '1.2.0',
    without: 'another service',
  },
  { path: ['deploy', 'resources', 'limits', 'pids'], since: '1.4.0', without: 'much the same' },
]

export interface LeftOut {
  readonly key: string
  readonly without: Row['without']
}

/** What that version would leave out of a service below the keys that it knows, without a word. */
export function leftOutBelow(version: string, service: Fields): readonly LeftOut[] {
  return ROWS.filter(({ since }) => since === null || !isAtLeast(version, since)).flatMap(
    ({ path, without, usual }) => {
      const said = valuesAt(service, path).filter((value) => !isEmpty(value) && value !== usual)
      return said.length === 0 ? [] : [{ key: path.join('.'), without }]
    },
  )
}

/** Lists on the way are gone through. */
function valuesAt(value: unknown, [key, ...rest]: readonly string[]): readonly unknown[] {
  if (key === undefined) return [value]
  return [value].flat().flatMap((one) => {
    return typeof one === 'object' && one !== null && !Array.isArray(one)
      ? valuesAt(Object.entries(one).find(([name]) => name === key)?.[1], rest)
      : []
  })
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
