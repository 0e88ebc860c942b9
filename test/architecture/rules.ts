import { posix } from 'node:path'

import type { Import, Module } from './module.ts'

/**
 * Which folder may import which; ARCHITECTURE.md draws the same. An entry is a folder, a file, or `own`: the adapter's
 * folder. `src/ports.ts` holds types alone and is imported for types alone.
 */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  'src/domain': ['src/domain'],
  'src/ports.ts': ['src/domain'],
  'src/config': ['src/config', 'src/domain'],
  'src/host': ['src/host', 'src/domain/error.ts'],
  handlers: ['handlers', 'src/domain', 'src/ports.ts'],
  'src/adapters': ['own', 'src/domain', 'src/ports.ts', 'src/host'],
  'src/work': ['src/work', 'src/domain', 'src/ports.ts', 'handlers'],
  'src/server': ['src/server', 'src/domain', 'src/ports.ts'],
  'src/cli': ['src/cli', 'src/domain', 'src/ports.ts', 'src/config', 'src/work'],
  'src/main.ts': ['src', 'handlers', 'package.json'],
  'src/main': ['src', 'handlers', 'package.json'],
}

/** Pure ones; what touches the machine lies in host/ and the adapters. */
const PURE_BUILTINS = new Set(['buffer', 'crypto', 'net', 'path', 'url', 'util'])
const PURE = ['src/domain', 'src/config', 'handlers']
const TIMELESS = ['src/domain', 'handlers']
const DOMAIN_PACKAGES = new Set(['croner', 're2js', 'semver', 'yaml'])

/** Loaded by `import()` where first needed: each costs tens of milliseconds and megabytes at start. */
const HEAVY = new Set(['execa', 'undici', 'isomorphic-git', '@octokit/app'])

const VAGUE_FOLDER = /(?:^|\/)(?:utils?|common|helpers?|misc|shared|lib)\//

/** Everything in which the modules depart from the rules, one line each. `packages` are those of package.json. */
export function violations(
  modules: readonly Module[],
  packages: readonly string[],
): readonly string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]))
  return [
    ...modules.flatMap((module) => [
      ...moduleViolations(module),
      ...module.imports.flatMap((each) => importViolations(module, each, byPath, packages)),
    ]),
    ...cycles(byPath),
    ...heavyAtStart(byPath),
  ]
}

function moduleViolations(module: Module): readonly string[] {
  const { path } = module
  const inLayers = (layers: readonly string[]) => layers.some((layer) => lies(path, layer))
  const rules: readonly (readonly [boolean, string])[] = [
    [layerOf(path) === undefined, 'lies in no folder of the design'],
    [VAGUE_FOLDER.test(path), 'lies in a folder whose name says nothing'],
    [module.hasDefaultExport, 'has a default export'],
    [module.readsEnvironment && !inLayers(['src/main.ts', 'src/main']), 'reads process.env'],
    [module.readsClock && inLayers(TIMELESS), 'reads the clock, chance or a timer'],
    [path === 'src/ports.ts' && module.hasRuntime, 'holds more than types'],
  ]
  return rules.flatMap(([broken, message]) => (broken ? [`${path} ${message}`] : []))
}

function importViolations(
  module: Module,
  { specifier, kind }: Import,
  byPath: ReadonlyMap<string, Module>,
  packages: readonly string[],
): readonly string[] {
  const refused = (why: string) => [`${module.path} imports ${specifier}: ${why}`]
  if (specifier.startsWith('node:')) {
    const isPure = PURE_BUILTINS.has(specifier.slice('node:'.length))
    const needsPure = PURE.some((layer) => lies(module.path, layer))
    return needsPure && !isPure ? refused('only pure builtins may be used there') : []
  }
  if (!specifier.startsWith('.')) {
    const name = packageOf(specifier)
    if (!packages.includes(name)) return refused('package.json has no such dependency')
    const isDomain = lies(module.path, 'src/domain')
    return isDomain && !DOMAIN_PACKAGES.has(name) ? refused('domain is pure') : []
  }
  const target = resolve(module, specifier)
  // the one thing outside the tree that code may know: its own version
  if (!byPath.has(target) && target !== 'package.json') return refused('there is no such module')
  if (target === 'src/ports.ts' && kind !== 'type') return refused('ports are imported for types')
  return mayImport(module.path, target) ? [] : refused(`${String(layerOf(module.path))} may not`)
}

function mayImport(path: string, target: string): boolean {
  const allowed = TABLE[layerOf(path) ?? ''] ?? []
  return allowed.some((entry) => lies(target, entry === 'own' ? adapterOf(path) : entry))
}

/** The table's entry that a module belongs to: the longest that names it. */
function layerOf(path: string): string | undefined {
  return Object.keys(TABLE)
    .filter((layer) => lies(path, layer))
    .toSorted((a, b) => b.length - a.length)[0]
}

/** `src/adapters/NAME`. */
function adapterOf(path: string): string {
  return path.split('/').slice(0, 3).join('/')
}

function lies(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`)
}

function resolve(module: Module, specifier: string): string {
  return posix.join(posix.dirname(module.path), specifier)
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** Each cycle once, types included. */
function cycles(byPath: ReadonlyMap<string, Module>): readonly string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (module: Module, trail: readonly string[]) => {
    const start = trail.indexOf(module.path)
    if (start !== -1) found.push(`cycle: ${[...trail.slice(start), module.path].join(' → ')}`)
    if (start !== -1 || done.has(module.path)) return
    for (const next of neighbours(byPath, module, ['value', 'type', 'lazy'])) {
      visit(next, [...trail, module.path])
    }
    done.add(module.path)
  }
  for (const module of byPath.values()) visit(module, [])
  return found
}

/** What `src/main.ts` loads before it does anything may not load the heavy packages. */
function heavyAtStart(byPath: ReadonlyMap<string, Module>): readonly string[] {
  const seen = new Set<Module>()
  const load = (module: Module) => {
    if (seen.has(module)) return
    seen.add(module)
    for (const next of neighbours(byPath, module, ['value'])) load(next)
  }
  const main = byPath.get('src/main.ts')
  if (main) load(main)
  return [...seen].flatMap((module) =>
    module.imports
      .filter(({ specifier, kind }) => kind === 'value' && HEAVY.has(packageOf(specifier)))
      .map(({ specifier }) => `${module.path} loads ${specifier} at start: use import()`),
  )
}

function neighbours(
  byPath: ReadonlyMap<string, Module>,
  module: Module,
  kinds: readonly Import['kind'][],
): readonly Module[] {
  return module.imports
    .filter(({ specifier, kind }) => specifier.startsWith('.') && kinds.includes(kind))
    .flatMap(({ specifier }) => byPath.get(resolve(module, specifier)) ?? [])
}
