import { isMap, isScalar } from 'yaml'

import { mappings } from './compose/mapping.ts'
import { parseYamlFile } from './compose/yaml-file.ts'
import { normalPath } from './settings/inside.ts'
import type { SettingPlaces } from './settings/places.ts'
import type { StackOptions } from './settings/stack-settings.ts'

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
  readonly options: StackOptions
  /** Where `.magos.yaml` says what of it, as far as that is known. */
  readonly places?: SettingPlaces
}

export interface RefusedStack {
  readonly stack: string
  readonly reason: string
  readonly remedy: string
  readonly file: string
  readonly line?: number
  readonly column?: number
  /** Hosts that have to be told; null for every host. */
  readonly hosts: readonly string[] | null
}

/** The name that goes to `-p`: the one in `.magos.yaml`, else the last literal `name:` among its files, else NAME. */
export function projectName(stack: Stack, texts: ReadonlyMap<string, string>): string {
  if (stack.options.project !== null) return stack.options.project
  const names = stack.files.flatMap((file) => {
    const text = texts.get(file)
    return text === undefined ? [] : declaredNames(file, text)
  })
  const last = names.at(-1)
  // Nor is ciphertext a name; whoever encrypts one has the stack named as if there were none.
  const literal = last === undefined || /\$|^ENC\[/.test(last) ? '' : normalise(last)
  return literal === '' ? stack.name : literal
}

/** What is read for `${}` in place of the directory's `.env`, from the repository's root; null for that one. */
export function environmentFiles({ directory, options }: Stack): readonly string[] | null {
  return options.envFiles?.map((file) => normalPath(`${directory}/${file}`)) ?? null
}

/** Stacks that would be one project to the engine, each named with the other's file. */
export function refuseSharedProjects(
  stacks: readonly Stack[],
  projectOf: (stack: Stack) => string,
): readonly RefusedStack[] {
  return refuseShared(stacks, projectOf, 'have the project name')
}

/** Whether a host deploys the stack. */
export function owns({ hosts }: Pick<Stack, 'hosts'>, host: string): boolean {
  return hosts === null || hosts.some((name) => sameHost(name, host))
}

/** Whether a host commits the stack's updates: the first one named does, or every one where none is named. */
export function updatesFirst({ hosts }: Stack, host: string): boolean {
  return hosts === null || (hosts[0] !== undefined && sameHost(hosts[0], host))
}

/** What Compose makes of a name: https://github.com/compose-spec/compose-go/blob/main/loader/loader.go, NormalizeProjectName */
export function normalise(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '')
}

/** Host names do not distinguish case: https://www.rfc-editor.org/rfc/rfc4343 */
export function sameHost(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** The file that a stack is known by. */
export function fileOf(stack: Stack): string {
  return stack.files[0] ?? stack.directory
}

/** Stacks that have one name, each refused with the other's file. */
export function refuseShared(
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
      hosts: stack.hosts,
    }))
  })
}

function declaredNames(file: string, text: string): readonly string[] {
  return parseYamlFile(file, text).documents.flatMap((document) => {
    const name = isMap(document.root) ? mappings(document).get(document.root, 'name')?.node : null
    return isScalar(name) && typeof name.value === 'string' && name.value !== '' ? [name.value] : []
  })
}
