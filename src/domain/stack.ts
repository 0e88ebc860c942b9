import { isMap, isScalar } from 'yaml'

import { composeFiles } from './compose/file-names.ts'
import { mappings } from './compose/mapping.ts'
import { parseYamlFile } from './compose/yaml-file.ts'
import type { RepositorySettings, StackSettings } from './repository-settings.ts'
import type { TreeEntry } from './revision.ts'

/** A directory with a compose file: what is deployed as one. */
export interface Stack {
  /** NAME: unique in the repository, a valid project name. */
  readonly name: string
  /** From the repository's root; empty for the root itself. */
  readonly directory: string
  /** Compose files from the repository's root, in the order in which they override. */
  readonly files: readonly string[]
  /** Hosts that it belongs to, the updating one first; null for every host. */
  readonly hosts: readonly string[] | null
}

export interface RefusedStack {
  readonly stack: string
  readonly reason: string
  readonly remedy: string
  readonly file: string
}

/** Finds the stacks of a repository; `rootName` names the one at its root. One that is refused stops no other. */
export function discoverStacks(
  entries: readonly TreeEntry[],
  settings: RepositorySettings,
  rootName: string,
): { readonly stacks: readonly Stack[]; readonly refused: readonly RefusedStack[] } {
  const refused: RefusedStack[] = []
  const stacks: Stack[] = []
  const used = new Set<string>()
  const files = composeFiles(entries)
  for (const [directory, own] of files) {
    const usual = normalise(directory === '' ? rootName : directory.replaceAll('/', '-'))
    const key = settings.stacks.has(directory) ? directory : files.has(usual) ? null : usual
    const { name, hosts } = (key === null ? undefined : settings.stacks.get(key)) ?? unset
    if (key !== null) used.add(key)
    const stack = { name: name ?? usual, directory, files: own, hosts }
    if (stack.name === '') refused.push(nameless(stack))
    else stacks.push(stack)
  }
  for (const [key] of settings.stacks) if (!used.has(key)) refused.push(unknownStack(key))
  const shared = refuseShared(stacks, ({ name }) => name, 'are named')
  const bad = new Set(shared.map(({ file }) => file))
  return {
    stacks: stacks.filter((stack) => !bad.has(fileOf(stack))),
    refused: [...refused, ...shared],
  }
}

/** The name that goes to `-p`: the last literal `name:` among the stack's files, else NAME. */
export function projectName(stack: Stack, texts: ReadonlyMap<string, string>): string {
  const names = stack.files.flatMap((file) => {
    const text = texts.get(file)
    return text === undefined ? [] : declaredNames(file, text)
  })
  const last = names.at(-1)
  const literal = last === undefined || last.includes('$') ? '' : normalise(last)
  return literal === '' ? stack.name : literal
}

/** Stacks that would be one project to the engine, each named with the other's file. */
export function refuseSharedProjects(
  stacks: readonly Stack[],
  projectOf: (stack: Stack) => string,
): readonly RefusedStack[] {
  return refuseShared(stacks, projectOf, 'have the project name')
}

/** Whether a host deploys the stack. */
export function owns({ hosts }: Stack, host: string): boolean {
  return hosts === null || hosts.some((name) => sameHost(name, host))
}

/** Whether a host commits the stack's updates: the first one named does, or every one where none is named. */
export function updatesFirst({ hosts }: Stack, host: string): boolean {
  return hosts === null || (hosts[0] !== undefined && sameHost(hosts[0], host))
}

const unset: StackSettings = { name: null, hosts: null }

/** https://github.com/compose-spec/compose-go/blob/main/loader/loader.go, NormalizeProjectName */
function normalise(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '')
}

/** Host names do not distinguish case: https://www.rfc-editor.org/rfc/rfc4343 */
function sameHost(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

function fileOf(stack: Stack): string {
  return stack.files[0] ?? stack.directory
}

function nameless(stack: Stack): RefusedStack {
  return {
    stack: stack.directory,
    reason: `Cannot name the stack in "${stack.directory}": no letter or digit of it may stand in a project name`,
    remedy: 'Name it in .magos.yaml, under stacks',
    file: fileOf(stack),
  }
}

function unknownStack(key: string): RefusedStack {
  return {
    stack: key,
    reason: `Cannot apply the settings of stack "${key}": the repository has no such stack`,
    remedy: 'Correct its name or directory in .magos.yaml, or remove it there',
    file: '.magos.yaml',
  }
}

function refuseShared(
  stacks: readonly Stack[],
  nameOf: (stack: Stack) => string,
  verb: string,
): readonly RefusedStack[] {
  return [...Map.groupBy(stacks, nameOf)].flatMap(([name, group]) => {
    if (group.length < 2) return []
    const files = group.map((stack) => `"${fileOf(stack)}"`).join(' and ')
    return group.map((stack) => ({
      stack: stack.name,
      reason: `Cannot tell stacks apart: ${files} ${verb} "${name}"`,
      remedy: 'Give one of them another name in .magos.yaml, or another `name:`',
      file: fileOf(stack),
    }))
  })
}

function declaredNames(file: string, text: string): readonly string[] {
  return parseYamlFile(file, text).documents.flatMap((document) => {
    const name = isMap(document.root) ? mappings(document).get(document.root, 'name')?.node : null
    return isScalar(name) && typeof name.value === 'string' && name.value !== '' ? [name.value] : []
  })
}
