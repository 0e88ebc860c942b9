import type { DesiredState } from '../../src/domain/deploy/desired-state.ts'
import { pathInHome } from '../../src/domain/deploy/stack-inputs.ts'
import { environmentFiles } from '../../src/domain/stack.ts'
import { spellingsOf } from '../../src/domain/spellings.ts'
import type { LaidFile } from '../../src/ports.ts'
import type { StackSecrets } from './open-secrets.ts'
import type { StackSource } from './read-stack.ts'

/** Shorter ones are in every other word, and no secret worth the name. */
const SHORTEST = 6

export interface KnownValues {
  readonly values: ReadonlySet<string>
  /** An env_file that a container reads and nobody here has read; null where there is none. */
  readonly unknown: string | null
}

/** What of a resolved stack says it. */
export interface Given {
  readonly source: Pick<StackSource, 'home' | 'stack' | 'untracked'>
  readonly desired: Pick<DesiredState, 'document'>
  readonly files: readonly Pick<LaidFile, 'path' | 'content'>[]
  readonly secrets: Pick<StackSecrets, 'values' | 'files'>
}

/** Every value that a stack's containers are given by `environment` or by a file, line by line as a program prints it. */
export function valuesOf({ source, desired, files, secrets }: Given): KnownValues {
  const { home, untracked, stack } = source
  const given = Object.values(desired.document.services)
  const values = given.flatMap(({ environment }) => environmentValues(environment))
  const texts = new Map<string, Uint8Array>(
    files.map(({ path, content }) => [`${home}/${path}`, content]),
  )
  for (const { path, content } of untracked) {
    texts.set(`${home}/${pathInHome(stack, path)}`, content)
  }
  for (const { path, content } of secrets.files) texts.set(path, content)
  const named = given.flatMap((service) => envFiles(service['env_file']))
  const own = environmentFiles(stack)?.map((path) => pathInHome(stack, path)) ?? ['.env']
  const paths = [...own.map((path) => `${home}/${path}`), ...named.map(({ path }) => path)]
  const read = paths.flatMap((path) => texts.get(path) ?? [])
  const written = [...read, ...untracked.map(({ content }) => content)].flatMap(fileValues)
  const known = maskable([...values, ...written, ...secrets.values])
  const unread = named.filter(({ path }) => !texts.has(path))
  // An optional one that is not in the home is not there at all; elsewhere nobody looked.
  const unknown = unread.find(({ path, need }) => need === 'must' || !path.startsWith(`${home}/`))
  return { values: known, unknown: unknown?.path ?? null }
}

/** Every spelling of the values that is long enough to be told from other words. */
export function maskable(values: Iterable<string>): ReadonlySet<string> {
  return new Set([...values].flatMap(spellings))
}

/** The text with `***` for every value; the longest first, for one may be part of another. */
export function maskValues(text: string, values: ReadonlySet<string>): string {
  const sorted = [...values].toSorted((a, b) => b.length - a.length)
  return sorted.reduce((masked, value) => masked.replaceAll(value, '***'), text)
}

/** Of a mapping, or of a list of `KEY=value`. */
function environmentValues(environment: unknown): string[] {
  if (typeof environment !== 'object' || environment === null) return []
  if (Array.isArray(environment)) {
    return environment.map((pair) => String(pair)).map((pair) => pair.slice(pair.indexOf('=') + 1))
  }
  return Object.values(environment).flatMap((value: unknown) =>
    typeof value === 'string' || typeof value === 'number' ? [String(value)] : [],
  )
}

interface EnvFile {
  readonly path: string
  readonly need: 'must' | 'may'
}

/** Paths in any of Compose's spellings: one, a list of them, a list of `{path, required}`. */
function envFiles(value: unknown): EnvFile[] {
  return [value].flat().flatMap((one: unknown): EnvFile[] => {
    if (typeof one === 'string') return [{ path: one, need: 'must' }]
    if (typeof one !== 'object' || one === null || !('path' in one)) return []
    const { path } = one
    const need = 'required' in one && one.required === false ? 'may' : 'must'
    return typeof path === 'string' ? [{ path, need }] : []
  })
}

/** Whatever may be a value in such a file: too much is masked rather than too little. */
function fileValues(content: Uint8Array): string[] {
  const lines = new TextDecoder().decode(content).split(/\r?\n/)
  return lines.flatMap((line) => {
    const value = line.slice(line.indexOf('=') + 1).trim()
    const bare = value.replace(/\s+#.*$/, '')
    return [value, bare, unquoted(value), unquoted(bare), unquoted(line.trim())]
  })
}

function unquoted(value: string): string {
  return value.replace(/^["']/, '').replace(/["']$/, '')
}

/** As it stands and with Compose's doubled `$` single, whole and line by line, and in the forms in which it travels. */
function spellings(value: string): string[] {
  const single = value.replaceAll('$$', '$')
  const lines = [value, single].flatMap((one) => one.split(/\r?\n/).map((line) => line.trim()))
  const long = [value, single, ...lines].filter(({ length }) => length >= SHORTEST)
  return long.flatMap((one) => spellingsOf(one))
}
