import { isMap, isNode, isScalar, isSeq, type Node } from 'yaml'

import { keyText, start } from '../compose/yaml-document.ts'
import type { YamlFile } from '../compose/yaml-file.ts'
import { parseDuration } from '../duration.ts'
import type { Problem } from '../problem.ts'

/** `unreadable`: it is not known what the file says about any stack. */
export type SettingsCode = 'configuration' | 'unreadable'

/** A settings file that is being read, and what was found wrong in it so far. */
export interface Reading {
  readonly yaml: YamlFile
  readonly problems: Problem[]
}

/** Notes what is wrong at a node; at the file's start for none. */
export function report(
  { yaml, problems }: Reading,
  node: Node | null,
  message: string,
  remedy: string,
  code: SettingsCode = 'configuration',
): void {
  const place = yaml.place(node === null ? 0 : start(node))
  problems.push({ file: yaml.file, ...place, severity: 'error', code, message, remedy })
}

/** The values of a mapping by key; keys beyond `known` are reported and left out. */
export function readMapping(
  reading: Reading,
  node: Node,
  subject: string,
  known: readonly string[] | 'any',
  code: SettingsCode = 'configuration',
): ReadonlyMap<string, Node> {
  const values = new Map<string, Node>()
  if (!isMap(node)) {
    report(reading, node, `${subject} is no mapping`, 'Write it as KEY: VALUE', code)
    return values
  }
  for (const { key, value } of node.items) {
    const name = keyText(key)
    const place = isNode(key) ? key : node
    if (known !== 'any' && !known.includes(name)) {
      const remedy = `Write one of ${known.join(', ')}`
      report(reading, place, `${subject} has the unknown key "${name}"`, remedy, code)
    } else if (isNode(value)) values.set(name, value)
  }
  return values
}

/** The key of this name, where it stands; the mapping itself where it has none. */
export function keyNode(map: Node, name: string): Node {
  const pair = isMap(map) ? map.items.find(({ key }) => keyText(key) === name) : undefined
  return isNode(pair?.key) ? pair.key : map
}

/** A list of texts that fit, none of them empty; reports anything else and returns null. */
export function readTexts(
  reading: Reading,
  node: Node,
  subject: string,
  remedy: string,
  fits: (text: string) => boolean = () => true,
): readonly string[] | null {
  const items = isSeq(node) ? node.items : []
  const texts = items.map((item) => textOf(item)).filter((text) => text !== null && fits(text))
  if (items.length > 0 && texts.length === items.length) return texts.map(String)
  report(reading, node, `${subject} cannot be read`, remedy)
  return null
}

/** ms of a duration within its bounds; reports anything else and returns null. */
export function readDuration(
  reading: Reading,
  node: Node | undefined,
  subject: string,
  { min, max }: { readonly min: string; readonly max: string },
): number | null {
  if (node === undefined) return null
  const ms = parseDuration(textOf(node) ?? '')
  const least = parseDuration(min) ?? 0
  const most = parseDuration(max) ?? Infinity
  if (ms !== null && ms >= least && ms <= most) return ms
  const remedy = `Write a number with s, m or h, from ${min} to ${max}`
  report(reading, node, `${subject} is no duration from ${min} to ${max}`, remedy)
  return null
}

/** The text of a scalar that is one and not empty. */
export function textOf(node: unknown): string | null {
  const value = isScalar(node) ? node.value : null
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

export function isNull(node: Node): boolean {
  return isScalar(node) && node.value === null
}

/** Lists and mappings as JSON would have them; an alias is followed by nobody here, and then fits nothing. */
export function plainValue(node: unknown): unknown {
  if (isScalar(node)) return node.value
  if (isSeq(node)) return node.items.map(plainValue)
  if (!isMap(node)) return null
  return Object.fromEntries(node.items.map(({ key, value }) => [keyText(key), plainValue(value)]))
}
