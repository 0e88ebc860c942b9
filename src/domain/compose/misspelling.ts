import { isMap, isNode, isScalar, isSeq, type YAMLMap } from 'yaml'

import { hasAnnotation } from '../annotation.ts'
import { LABEL } from '../deploy/labels.ts'
import type { Problem } from '../problem.ts'
import { isMisspelling } from './spelling.ts'
import { mappings, type Mappings } from './mapping.ts'
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
      return all.flatMap(({ node }) => (isMap(node) ? inService(yaml, read, node) : []))
    }),
    ...yaml.comments.flatMap((comment) => annotationKey(yaml, comment)),
  ]
}

function inService(yaml: YamlFile, read: Mappings, node: YAMLMap): readonly Problem[] {
  const hasImage = ['image', 'build', 'extends'].some((key) => read.get(node, key) !== null)
  const labels = child(read, node, 'labels')
  return [
    ...(hasImage ? [] : keys(yaml, node, 'image')),
    ...[node, labels].flatMap((map) => (isMap(map) ? ownKeys(yaml, map) : [])),
    ...(isSeq(labels) ? labels.items.flatMap((item) => ownLabel(yaml, item)) : []),
  ]
}

/** An annotation is a comment; as a key or a label nobody reads it. */
function ownKeys(yaml: YamlFile, map: YAMLMap): readonly Problem[] {
  return map.items.flatMap(({ key }) =>
    isNode(key) && isOurs(keyText(key)) ? [noAnnotation(yaml, start(key), keyText(key))] : [],
  )
}

function ownLabel(yaml: YamlFile, item: unknown): readonly Problem[] {
  const [name = ''] = isScalar(item) ? String(item.value).split('=', 1) : []
  return isScalar(item) && isOurs(name) ? [noAnnotation(yaml, start(item), name)] : []
}

function isOurs(key: string): boolean {
  return /^(?:x-)?magos(?:\.|$)/i.test(key) && !written.has(key)
}

const written: ReadonlySet<string> = new Set(Object.values(LABEL))

function noAnnotation(yaml: YamlFile, offset: number, name: string): Problem {
  return {
    file: yaml.file,
    ...yaml.place(offset),
    severity: 'warning',
    code: 'annotation',
    message: `Key "${name}" means nothing here: an annotation is a comment on the image’s line`,
    remedy: 'Write it behind the image: # {"magos": {"policy": "semver"}}',
  }
}

function keys(yaml: YamlFile, map: YAMLMap, meant: string): readonly Problem[] {
  return map.items.flatMap(({ key }) => {
    const name = keyText(key)
    if (!isNode(key) || !isMisspelling(name, meant)) return []
    return [warning(yaml, start(key), 'compose', name, meant)]
  })
}

/** What stands behind an image and was meant as its annotation, but for its braces or its key. */
export function nearAnnotation(yaml: YamlFile, comment: Comment): readonly Problem[] {
  const { text, offset } = comment
  if (hasAnnotation(text) || annotationKey(yaml, comment).length > 0) return []
  const named = /["'{]\s*magos\b|\bmagos\b["']?\s*[:={]/i.exec(text)
  const found = named ?? /\{\s*["']?policy["']?\s*:/.exec(text)
  if (found === null) return []
  const message = named === null ? 'Annotation has no key "magos"' : 'Comment is no annotation'
  return [
    {
      file: yaml.file,
      ...yaml.place(offset + found.index),
      severity: 'warning',
      code: 'annotation',
      message: `${message}: nothing manages this image`,
      remedy: 'Write it as # {"magos": {"policy": "semver"}}',
    },
  ]
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
