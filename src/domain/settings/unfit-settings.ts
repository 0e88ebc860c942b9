import type { DeclaredServices } from '../compose/declared-services.ts'
import { withFolders } from '../compose/tree-path.ts'
import type { Problem } from '../problem.ts'
import { environmentFiles, type Stack } from '../stack.ts'
import { normalPath } from './inside.ts'

/** What `.magos.yaml` says of a stack is compared with. */
export interface StackContent {
  /** null where somebody but us would have to say: a file that cannot be read may have any. */
  readonly services: DeclaredServices | null
  /** Paths of the repository's files; null where nobody looked. */
  readonly paths: Iterable<string> | null
}

/**
 * What `.magos.yaml` says of a stack and nothing in the repository answers to. An error where the stack cannot be
 * deployed so, a warning where it would silently do nothing.
 */
export function unfitSettings(stack: Stack, content: StackContent): readonly Problem[] {
  return [
    ...unknownServices(stack, content.services),
    ...unknownProfiles(stack, content.services),
    ...unknownPaths(stack, content.paths),
    ...outsideFiles(stack),
  ]
}

function unknownServices(stack: Stack, services: DeclaredServices | null): readonly Problem[] {
  if (services === null) return []
  const { name, options } = stack
  const settings = [
    ...options.probes.map(({ service }) => ['probes', service] as const),
    ...options.changes.map(({ service }) => ['changes', service] as const),
  ]
  return settings.flatMap(([setting, service]) => {
    if (services.names.has(service)) return []
    const message = `Cannot apply the settings of service "${service}": stack "${name}" has no such service`
    const known = [...services.names].toSorted().join(', ')
    const remedy = known === '' ? 'Remove them' : `Write one of ${known}`
    return [problem(stack, `${setting}.${service}`, 'error', message, remedy)]
  })
}

function unknownProfiles(stack: Stack, services: DeclaredServices | null): readonly Problem[] {
  const { name, options } = stack
  return options.profiles.flatMap((profile, index) => {
    if (services === null || services.profiles.has(profile)) return []
    const message = `Profile "${profile}" activates nothing: no service of stack "${name}" has it`
    const known = [...services.profiles].toSorted().join(', ')
    const remedy = known === '' ? 'Remove it' : `Write one of ${known}, or remove it`
    return [problem(stack, `profiles.${index}`, 'warning', message, remedy)]
  })
}

function unknownPaths(stack: Stack, paths: Iterable<string> | null): readonly Problem[] {
  const { changes } = stack.options
  if (changes.length === 0 || paths === null) return []
  const folders = withFolders(paths)
  return changes.flatMap(({ service, path }) => {
    const whole = normalPath(`${stack.directory}/${path}`)
    if (whole === '' || folders.has(whole)) return []
    const message = `Changes of "${path}" never reach service "${service}": the repository holds no such path`
    const remedy = 'Write the path of a tracked file or folder, from the stack’s directory'
    return [problem(stack, `changes.${service}.${path}`, 'warning', message, remedy)]
  })
}

function outsideFiles(stack: Stack): readonly Problem[] {
  return (environmentFiles(stack) ?? []).flatMap((path, index) => {
    if (path !== '..' && !path.startsWith('../')) return []
    const message = `Cannot use env file "${path}": it lies outside the repository`
    return [problem(stack, `envFiles.${index}`, 'error', message, 'Move it into the repository')]
  })
}

function problem(
  { places }: Stack,
  setting: string,
  severity: Problem['severity'],
  message: string,
  remedy: string,
): Problem {
  const place = places?.get(setting) ?? places?.get('')
  const unknown = { file: '.magos.yaml', line: 1, column: 1 }
  return { ...(place ?? unknown), severity, code: 'stack', message, remedy }
}
