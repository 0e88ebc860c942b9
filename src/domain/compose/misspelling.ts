import { isMap, isNode, type YAMLMap } from 'yaml'

import type { Problem } from '../problem.ts'
import { isMisspelling } from './spelling.ts'
import { mappings } from './mapping.ts'
import { child } from './node-text.ts'
import { keyText, start } from './yaml-document.ts'
import type { Comment, YamlFile } from './yaml-file.ts'

/** What was probably meant for a key that counts here, and counts for nothing as it is written. */
export function misspellings(yaml: YamlFile): readonly Problem[] {
  return [
    ...yaml.documents.flatMap((document) => {
      const read = mappings(document)
      const services = child(read, document.root, 'services')
      if (isMap(document.root) && services === null) return keys(yaml, document.root, 'services')
      const all = isMap(services) ? [...read.entries(services).values()] : []
      return all.flatMap(({ node }) =>
        isMap(node) && !['image', 'build', 'extends'].some((key) => read.get(node, key) !== null)
          ? keys(yaml, node, 'image')
          : [],
      )
    }),
    ...yaml.comments.flatMap((comment) => annotationKey(yaml, comment)),
  ]
}

function keys(yaml: YamlFile, map: YAMLMap, meant: string): readonly Problem[] {
  return map.items.flatMap(({ key }) => {
    const name = keyText(key)
    if (!isNode(key) || !isMisspelling(name, meant)) return []
    return [warning(yaml, start(key), 'compose', name, meant)]
  })
}

/** `{"mago": {`: an object that holds nothing but an object, under a name that is nearly ours. */
const object = /\{\s*["']?([A-Za-z]{3,8})["']?\s*:\s*\{/g

function annotationKey(yaml: YamlFile, comment: Comment): readonly Problem[] {
  return [...comment.text.matchAll(object)].flatMap(({ 0: whole, 1: name = '', index }) => {
    if (!isMisspelling(name, 'magos')) return []
    const offset = comment.offset + index + whole.indexOf(name)
    return [warning(yaml, offset, 'annotation', name, 'magos')]
  })
}

function warning(
  yaml: YamlFile,
  offset: number,
  code: 'annotation' | 'compose',
  name: string,
  meant: string,
): Problem {
  return {
    file: yaml.file,
    ...yaml.place(offset),
    severity: 'warning',
    code,
    message: `Key "${name}" means nothing here: probably "${meant}" is meant`,
    remedy: `Write "${meant}"`,
  }
}
