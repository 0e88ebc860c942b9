import { assignmentOf, parseEnvironmentFile } from '../../src/domain/compose/environment-file.ts'
import type { ComposeDocument } from '../../src/domain/deploy/desired-state.ts'
import { members } from '../../src/domain/deploy/members.ts'
import type { OpenedFile } from '../../src/domain/deploy/opened-file.ts'
import { environmentFiles } from '../../src/domain/stack.ts'
import type { PlanContext } from '../context.ts'
import type { OpenedStack } from './open-secrets.ts'
import type { StackSource } from './read-stack.ts'

export interface VariableFiles {
  /** The document that names files where it named variables. */
  readonly document: ComposeDocument
  readonly opened: readonly OpenedFile[]
  /** By where they are placed. */
  readonly contents: ReadonlyMap<string, Uint8Array>
}

/**
 * Secrets and configs that are made of a variable (`environment: NAME`): the provider would look for it in an environment
 * that no child of ours has, so its value becomes a file like any other. Of several environment files the last one that
 * sets it counts; a value that is made of others is left to the provider, which says what it misses.
 */
export function variableFiles(
  ctx: Pick<PlanContext, 'secrets' | 'secretFiles'>,
  { stack, home }: Pick<StackSource, 'stack' | 'home'>,
  document: ComposeDocument,
  { inputs }: Pick<OpenedStack, 'inputs'>,
): VariableFiles {
  const own = stack.directory === '' ? '.env' : `${stack.directory}/.env`
  const texts = (environmentFiles(stack) ?? [own]).flatMap((path) => {
    const input = inputs.find((one) => one.path === path)
    return input === undefined ? [] : [new TextDecoder().decode(input.content)]
  })
  const opened = new Map<string, OpenedFile>()
  const contents = new Map<string, Uint8Array>()
  const fileOf = (name: string): string | null => {
    const found = texts.map((text) => assignmentOf(parseEnvironmentFile('', text), name))
    const value = found.findLast((one) => one !== null)
    if (value === undefined || value === null || value.obstacle !== null) return null
    const content = new TextEncoder().encode(value.value)
    const digest = ctx.secrets.digest(content)
    const placed = ctx.secretFiles.path(stack.name, digest, name)
    const path = `${home}/.magos/variables/${name}`
    opened.set(path, { path, placed, digest })
    contents.set(placed, content)
    return path.replaceAll('$', '$$$$')
  }
  const sections = (['configs', 'secrets'] as const).flatMap((section) =>
    document[section] === undefined ? [] : [[section, withFiles(document[section], fileOf)]],
  )
  const named = { ...document, ...Object.fromEntries(sections) }
  return { document: named, opened: [...opened.values()], contents }
}

function withFiles(definitions: unknown, fileOf: (name: string) => string | null): unknown {
  const entries = Object.entries(members(definitions)).map(([key, definition]) => {
    const { environment, ...rest } = members(definition)
    const file = typeof environment === 'string' ? fileOf(environment) : null
    return [key, file === null ? definition : { ...rest, file }]
  })
  return Object.fromEntries(entries)
}
