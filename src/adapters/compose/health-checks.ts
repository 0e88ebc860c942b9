import type { ComposeDocument, Provider } from '../../ports.ts'
import { isAtLeast } from './version.ts'

interface Deployer {
  readonly runtime: 'podman' | 'docker'
  readonly provider: Pick<Provider, 'name' | 'version'>
}

type Fields = Readonly<Record<string, unknown>>

/**
 * The document with health checks that reach podman as they were written. A list of words does not: podman's API (4.3
 * to 5.4, as trying showed) joins what Compose sends and splits it at spaces, and podman-compose below 1.5 gives it to a
 * shell unquoted. `sh -c "exit 1"` becomes `sh -c exit` so, and is healthy for ever. A shell's line arrives whole.
 */
export function withWholeHealthChecks(
  { runtime, provider }: Deployer,
  document: ComposeDocument,
): ComposeDocument {
  if (runtime === 'docker') return document
  const services = Object.entries(document.services).map(([name, service]) => {
    const line = shellLine(provider, wordsOf(service))
    if (line === null) return [name, service] as const
    const healthcheck = { ...fieldsOf(service['healthcheck']), test: ['CMD-SHELL', line] }
    return [name, { ...service, healthcheck }] as const
  })
  return { ...document, services: Object.fromEntries(services) }
}

/** What podman leaves out in silence: it takes a check from Compose whole or keeps the image's as it is. */
export function lostTimings({ runtime, provider }: Deployer, document: ComposeDocument): string[] {
  if (runtime === 'docker' || provider.name === 'podman-compose') return []
  return Object.entries(document.services).flatMap(([name, { healthcheck }]) => {
    const { test, disable, ...timings } = fieldsOf(healthcheck)
    const lost = Object.keys(timings).filter((key) => !key.startsWith('x-'))
    if (isSaid(test) || disable === true || lost.length === 0) return []
    const keys = lost.map((key) => `"healthcheck.${key}"`).join(', ')
    return [`Service "${name}": podman leaves out ${keys} where no "test" stands beside it`]
  })
}

/** The words of `[CMD, …]`; null for any other check. */
function wordsOf({ healthcheck }: Fields): readonly string[] | null {
  const { test } = fieldsOf(healthcheck)
  if (!Array.isArray(test)) return null
  const [kind, ...words] = test.map(String)
  return kind === 'CMD' && words.length > 0 ? words : null
}

/** null where the words arrive as they are. */
function shellLine(provider: Deployer['provider'], words: readonly string[] | null): string | null {
  if (words === null || words.every((word) => isWhole(provider, words.length, word))) return null
  const [shell, option, script, ...more] = words
  const isShell = (shell === 'sh' || shell === '/bin/sh') && option === '-c' && more.length === 0
  return isShell && script !== undefined ? script : words.map(quoted).join(' ')
}

/** From 1.5 on podman-compose sends JSON, of which podman takes a single word for a shell's line. */
function isWhole({ name, version }: Deployer['provider'], count: number, word: string): boolean {
  if (name === 'docker-compose') return word !== '' && !SPACE.test(word)
  return (isAtLeast(version, '1.5.0') && count > 1) || isPlain(word)
}

/** Where Go's `strings.Fields` splits. */
const SPACE = /[\s\u0085]/u

function isPlain(word: string): boolean {
  return /^[\w@%+=:,./-]+$/.test(word)
}

/** A `$` is doubled in the document, and stands for itself in single quotes. */
function quoted(word: string): string {
  return isPlain(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function isSaid(test: unknown): boolean {
  return (typeof test === 'string' || Array.isArray(test)) && test.length > 0
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}
