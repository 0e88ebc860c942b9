import { composeFiles } from './compose/file-names.ts'
import type { RepositorySettings } from './repository-settings.ts'
import type { TreeEntry } from './revision.ts'
import { normalPath } from './settings/inside.ts'
import { usualOptions, type StackSettings } from './settings/stack-settings.ts'
import { misordered } from './stack-order.ts'
import { fileOf, normalise, refuseShared, type RefusedStack, type Stack } from './stack.ts'

export interface FoundStacks {
  readonly stacks: readonly Stack[]
  readonly refused: readonly RefusedStack[]
  /** Of every stack, refused ones too: what lies below one of them is no other stack's. */
  readonly directories: readonly string[]
}

/** Finds the stacks of a repository; `rootName` names the one at its root. One that is refused stops no other. */
export function discoverStacks(
  entries: readonly TreeEntry[],
  settings: RepositorySettings,
  rootName: string,
): FoundStacks {
  const tree = { files: filesOf(entries), compose: composeFiles(entries), rootName }
  const { places, unused } = placeStacks(tree, settings)
  const made = places.map((place) => makeStack(tree, place))
  const stacks = made.flatMap((one) => ('directory' in one ? [one] : []))
  const clashing = [...refuseShared(stacks, ({ name }) => name, 'are named'), ...misordered(stacks)]
  const bad = new Set(clashing.map(({ stack }) => stack))
  return {
    stacks: stacks.filter(({ name }) => !bad.has(name)),
    refused: [
      ...made.flatMap((one) => ('reason' in one ? [one] : [])),
      ...unused.map(([key, one]) => unknownStack(key, one)),
      ...clashing,
    ],
    directories: [...new Set(places.map(({ directory }) => directory))],
  }
}

interface Tree {
  readonly files: ReadonlySet<string>
  readonly compose: ReadonlyMap<string, readonly string[]>
  readonly rootName: string
}

/** Where a stack is to be found, and what is said of it. */
interface StackPlace {
  readonly directory: string
  /** As `.magos.yaml` names it there; null where it does not. */
  readonly key: string | null
  readonly settings: StackSettings
}

const SETTINGS = '.magos.yaml'

const unset: StackSettings = {
  name: null,
  directory: null,
  hosts: null,
  files: null,
  options: usualOptions,
  fault: null,
}

/** A stack is declared by its directory or files; every other directory with a compose file is one by convention. */
function placeStacks(tree: Tree, { stacks }: RepositorySettings) {
  const declared = [...stacks].filter(([key, one]) => isDeclared(tree, key, one))
  const places: StackPlace[] = declared.map(([key, settings]) => ({
    directory: settings.directory ?? key,
    key,
    settings,
  }))
  const taken = new Set(places.map(({ directory }) => directory))
  const used = new Set(declared.map(([key]) => key))
  for (const directory of tree.compose.keys()) {
    if (taken.has(directory)) continue
    const usual = usualName(tree, directory)
    const named = stacks.has(directory) ? directory : tree.compose.has(usual) ? null : usual
    const settings = named === null || used.has(named) ? undefined : stacks.get(named)
    const key = settings === undefined ? null : named
    if (key !== null) used.add(key)
    places.push({ directory, key, settings: settings ?? unset })
  }
  const sorted = places.toSorted((a, b) => (a.directory < b.directory ? -1 : 1))
  return { places: sorted, unused: [...stacks].filter(([key]) => !used.has(key)) }
}

function isDeclared({ compose }: Tree, key: string, { directory, files }: StackSettings): boolean {
  if (directory !== null) return true
  const conventional = [...compose.keys()].some((one) => one === key || nameOf(one) === key)
  return files !== null && !conventional
}

function makeStack(tree: Tree, { directory, key, settings }: StackPlace): Stack | RefusedStack {
  const { hosts, files, options, fault, places } = settings
  const isByName = settings.directory !== null && key !== null
  const name = settings.name ?? (isByName ? normalise(key) : usualName(tree, directory))
  const own = files?.map((file) => normalPath(`${directory}/${file}`))
  const stack = {
    name,
    directory,
    files: own ?? tree.compose.get(directory) ?? [],
    hosts,
    options,
    ...(places === undefined ? {} : { places }),
  }
  if (fault !== null) return refuseFault(stack, fault)
  if (name === '') return nameless(stack)
  const absent = stack.files.findIndex((file) => !tree.files.has(file))
  const file = stack.files[absent]
  if (file !== undefined) return refuseAbsent(stack, `file "${file}"`, `files.${absent}`)
  if (stack.files.length > 0) return stack
  return refuseAbsent(stack, `compose file in "${directory}"`, 'directory')
}

function usualName({ rootName }: Tree, directory: string): string {
  return directory === '' ? normalise(rootName) : nameOf(directory)
}

function nameOf(directory: string): string {
  return normalise(directory.replaceAll('/', '-'))
}

/** A submodule's content is not here. */
function filesOf(entries: readonly TreeEntry[]): ReadonlySet<string> {
  return new Set(entries.filter(({ mode }) => mode !== '160000').map(({ path }) => path))
}

/** Hosts that cannot be read are everybody's business. */
function refuseFault(
  { name, directory, hosts }: Stack,
  { file, line, column, message, remedy }: NonNullable<StackSettings['fault']>,
): RefusedStack {
  return {
    stack: name === '' ? directory : name,
    reason: message,
    remedy: `${remedy ?? 'Correct it'}; until then the stack is left alone`,
    file,
    line,
    column,
    hosts: hosts?.length === 0 ? null : hosts,
  }
}

function nameless(stack: Stack): RefusedStack {
  return {
    stack: stack.directory,
    reason: `Cannot name the stack in "${stack.directory}": no letter or digit of it may stand in a project name`,
    remedy: 'Name it in .magos.yaml, under stacks',
    file: fileOf(stack),
    hosts: stack.hosts,
  }
}

function refuseAbsent({ name, hosts, places }: Stack, what: string, setting: string): RefusedStack {
  return {
    stack: name,
    reason: `Cannot find the stack "${name}": there is no ${what}`,
    remedy:
      'Correct its directory or files in .magos.yaml, from the repository’s root or the stack’s directory',
    file: SETTINGS,
    ...(places?.get(setting) ?? places?.get('')),
    hosts,
  }
}

function unknownStack(key: string, { hosts, places }: StackSettings): RefusedStack {
  return {
    stack: key,
    reason: `Cannot apply the settings of stack "${key}": the repository has no such stack`,
    remedy: 'Correct its name or directory in .magos.yaml, or remove it there',
    file: SETTINGS,
    ...places?.get(''),
    hosts: hosts?.length === 0 ? null : hosts,
  }
}
