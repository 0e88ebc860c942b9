import { isMap, isNode, isScalar, type YAMLMap } from 'yaml'

import type { Problem } from '../problem.ts'
import { mappings } from './mapping.ts'
import { isMisspelling } from './spelling.ts'
import { keyText, start, type YamlDocument } from './yaml-document.ts'
import { parseYamlFile, type YamlFile } from './yaml-file.ts'

/**
 * Why a file that reads as YAML has no services at all; null where it has some, or cannot be read. A warning where it
 * may be part of a project all the same, as a file of networks is.
 */
export function noCompose(file: string, text: string): Problem | null {
  const yaml = parseYamlFile(file, text)
  const [document] = yaml.documents
  if (document === undefined || yaml.documents.some(hasServices)) return null
  const { root } = document
  if (root === null || (isScalar(root) && root.value === null)) {
    return problem(yaml, 0, 'error', 'it is empty', remedy)
  }
  if (!isMap(root)) return problem(yaml, start(root), 'error', 'it is no mapping', remedy)
  return noServices(yaml, root)
}

const remedy = 'Name a compose file, which has its services below the key "services"'

function hasServices(document: YamlDocument): boolean {
  const { root } = document
  const read = mappings(document)
  return isMap(root) && ['services', 'include'].some((key) => read.get(root, key) !== null)
}

function noServices(yaml: YamlFile, root: YAMLMap): Problem | null {
  const names = root.items.map(({ key }) => keyText(key))
  // That is told at its key.
  if (names.some((name) => isMisspelling(name, 'services'))) return null
  const bare = root.items.find(({ value }) => isMap(value) && isService(value))
  if (bare !== undefined) {
    const state = `it has no services, and "${keyText(bare.key)}" looks like one`
    const offset = isNode(bare.key) ? start(bare.key) : 0
    return problem(yaml, offset, 'error', state, 'Put the services below the key "services"')
  }
  const foreign = root.items.find(({ key }) => !isKnown(keyText(key)))
  if (foreign === undefined)
    return problem(yaml, start(root), 'warning', 'it has no services', remedy)
  const state = `it has no services, and "${keyText(foreign.key)}" is no key of Compose`
  const offset = isNode(foreign.key) ? start(foreign.key) : 0
  return problem(yaml, offset, 'error', state, remedy)
}

function isService(map: YAMLMap): boolean {
  return map.items.some(({ key }) => ['image', 'build'].includes(keyText(key)))
}

/** https://github.com/compose-spec/compose-spec/blob/main/spec.md#compose-file */
const topLevel: ReadonlySet<string> = new Set([
  'name',
  'version',
  'networks',
  'volumes',
  'configs',
  'secrets',
  'models',
])

function isKnown(key: string): boolean {
  return topLevel.has(key) || key.startsWith('x-') || key === '<<'
}

function problem(
  yaml: YamlFile,
  offset: number,
  severity: Problem['severity'],
  state: string,
  todo: string,
): Problem {
  const { file } = yaml
  const message = `Cannot find images in "${file}": ${state}`
  return { file, ...yaml.place(offset), severity, code: 'compose', message, remedy: todo }
}
