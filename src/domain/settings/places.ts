import { isMap, isNode, isScalar, isSeq, type Node } from 'yaml'

import { keyText, start } from '../compose/yaml-document.ts'
import type { YamlFile } from '../compose/yaml-file.ts'

export interface SettingPlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * Where the settings of a stack stand, by what was written: `after.0` and `probes.web` are an item and a key,
 * `directory` is its value, the empty path is the stack itself.
 */
export type SettingPlaces = ReadonlyMap<string, SettingPlace>

/** Deeper nobody asks. */
const DEPTH = 3

/** Finds the places of a stack's settings; `key` is what the stack is named by. */
export function settingPlaces(yaml: YamlFile, key: Node, node: Node): SettingPlaces {
  const places = new Map<string, SettingPlace>()
  const note = (path: readonly string[], at: Node) =>
    places.set(path.join('.'), { file: yaml.file, ...yaml.place(start(at)) })
  const visit = (path: readonly string[], value: unknown): void => {
    if (path.length >= DEPTH) return
    if (isSeq(value)) {
      for (const [index, item] of value.items.entries()) {
        if (isNode(item)) note([...path, String(index)], item)
      }
    }
    for (const pair of isMap(value) ? value.items : []) {
      if (!isNode(pair.key)) continue
      const below = [...path, keyText(pair.key)]
      note(below, below.length === 1 && isScalar(pair.value) ? pair.value : pair.key)
      visit(below, pair.value)
    }
  }
  note([], key)
  visit([], node)
  return places
}
