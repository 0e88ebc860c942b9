import { isScalar, type Node } from 'yaml'

import { readDuration, readMapping, readTexts, report, textOf, type Reading } from './reading.ts'

/** How it is found out whether a service does its work. */
export type ProbeCheck =
  /** An answer of that status to a GET from this host. */
  | { readonly kind: 'http'; readonly url: string; readonly status: number | null }
  /** A connection from this host. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** A command in each of the service's containers that ends with 0. */
  | { readonly kind: 'exec'; readonly command: readonly string[] }

export interface Probe {
  readonly service: string
  /** null where only `ports` is said. */
  readonly check: ProbeCheck | null
  /** Whether the TCP ports that the service publishes have to take a connection. */
  readonly ports: 'connect' | 'ignore'
  /** ms from the provider's end in which it has to succeed for the first time; null for the stack's deadline. */
  readonly deadline: number | null
}

/** Reads `probes: {SERVICE: {http: URL, status: 200, deadline: 30s}}` and the like. Never throws. */
export function readProbes(reading: Reading, node: Node | undefined): readonly Probe[] {
  if (node === undefined) return []
  return [...readMapping(reading, node, 'probes', 'any')].map(([service, fields]) =>
    readProbe(reading, service, fields),
  )
}

const keys = ['http', 'status', 'tcp', 'exec', 'ports', 'deadline']
const kinds = ['http', 'tcp', 'exec'] as const

function readProbe(reading: Reading, service: string, node: Node): Probe {
  const before = reading.problems.length
  const subject = `Probe of service "${service}"`
  const fields = readMapping(reading, node, subject, keys)
  const bounds = { min: '1s', max: '24h' }
  const deadline = readDuration(reading, fields.get('deadline'), `Deadline of ${subject}`, bounds)
  const ports = readPorts(reading, fields.get('ports'), subject)
  const named = kinds.filter((kind) => fields.has(kind))
  if (named.length > 1) {
    report(reading, node, `${subject} names ${named.join(' and ')}`, 'Keep one of them')
  }
  const check = readCheck(reading, fields, subject)
  if (check === null && ports === 'connect' && reading.problems.length === before) {
    report(reading, node, `${subject} says nothing`, `Name one of ${kinds.join(', ')}`)
  }
  if (fields.has('status') && !fields.has('http')) {
    report(reading, node, `${subject} has a status and no http`, 'Name the URL in http')
  }
  return { service, check, ports, deadline }
}

function readPorts(reading: Reading, node: Node | undefined, subject: string): Probe['ports'] {
  if (node === undefined) return 'connect'
  const text = textOf(node)
  if (text === 'connect' || text === 'ignore') return text
  report(reading, node, `${subject} has ports that cannot be read`, 'Write connect or ignore')
  return 'connect'
}

function readCheck(
  reading: Reading,
  fields: ReadonlyMap<string, Node>,
  subject: string,
): ProbeCheck | null {
  const [http, tcp, exec] = kinds.map((kind) => fields.get(kind))
  if (http !== undefined) return readHttp(reading, http, fields.get('status'), subject)
  if (tcp !== undefined) return readTcp(reading, tcp, subject)
  if (exec === undefined) return null
  const remedy = 'Write exec: [PROGRAM, ARGUMENT, …]'
  const command = readTexts(reading, exec, `Command of ${subject}`, remedy)
  return command === null ? null : { kind: 'exec', command }
}

function readHttp(
  reading: Reading,
  node: Node,
  status: Node | undefined,
  subject: string,
): ProbeCheck | null {
  const url = URL.parse(textOf(node) ?? '')
  const isPlain = url !== null && url.username === '' && url.password === ''
  if (!isPlain || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const remedy = 'Write one such as http://127.0.0.1:8080/health, without a login'
    report(reading, node, `${subject} has no URL that can be asked`, remedy)
    return null
  }
  return { kind: 'http', url: url.href, status: readStatus(reading, status, subject) }
}

function readStatus(reading: Reading, node: Node | undefined, subject: string): number | null {
  if (node === undefined) return null
  const status = isScalar(node) ? node.value : null
  if (isWithin(status, 100, 599)) return status
  report(reading, node, `${subject} has no status of HTTP`, 'Write a number such as 204')
  return null
}

function readTcp(reading: Reading, node: Node, subject: string): ProbeCheck | null {
  const value = isScalar(node) ? node.value : null
  if (isWithin(value, 1, 65_535)) return { kind: 'tcp', host: '127.0.0.1', port: value }
  const [, bracketed, plain, digits] = addressPattern.exec(textOf(node) ?? '') ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host !== undefined && isWithin(port, 1, 65_535)) return { kind: 'tcp', host, port }
  report(reading, node, `${subject} has no port that can be asked`, 'Write PORT or HOST:PORT')
  return null
}

const addressPattern = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9.-]+)):(\d{1,5})$/

function isWithin(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most
}
