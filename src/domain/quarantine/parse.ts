import { isMap, isNode, isScalar, isSeq, type Node } from 'yaml'

import { keyText, start } from '../compose/yaml-document.ts'
import { parseYamlFile, type YamlFile } from '../compose/yaml-file.ts'
import { MagosError } from '../error.ts'
import { isDigest, isTag, parseImageReference, repositoryName } from '../image-reference.ts'
import type { Problem } from '../problem.ts'
import type { Quarantine, QuarantineEntry } from './quarantine.ts'

/**
 * Reads the quarantine; null where the repository has none. Never throws: an entry that cannot be read shuts its image,
 * and one whose image is not known, or a file that is no list, shuts all of them.
 */
export function parseQuarantine(file: string, text: string | null): Quarantine {
  if (text === null) return { entries: [], shut: [], problems: [] }
  const yaml = parseYamlFile(file, text)
  const [broken] = yaml.problems
  if (broken !== undefined) return closed(yaml.problems, broken)
  const [document, second] = yaml.documents
  if (second !== undefined) return unreadable(yaml, second.root, 'File holds several documents')
  const root = document?.root ?? null
  if (root === null || (isScalar(root) && root.value === null)) {
    return { entries: [], shut: [], problems: [] }
  }
  return isSeq(root)
    ? readEntries(yaml, root.items)
    : unreadable(yaml, root, 'File is no list of entries')
}

/** A file that nobody can read as text may name every version. */
export function closedQuarantine(problem: Problem): Quarantine {
  return closed([problem], problem)
}

const fields = ['image', 'tag', 'digest', 'host', 'commit', 'reason', 'at'] as const
type Field = (typeof fields)[number]

function closed(problems: readonly Problem[], problem: Problem): Quarantine {
  return { entries: [], shut: [{ image: null, problem }], problems }
}

function unreadable(yaml: YamlFile, node: Node | null, message: string): Quarantine {
  const remedy = 'Write a list of entries, each with image and digest or tag'
  return closedQuarantine(problemAt(yaml, node, message, remedy))
}

function readEntries(yaml: YamlFile, items: readonly unknown[]): Quarantine {
  const entries: QuarantineEntry[] = []
  const shut: { image: string | null; problem: Problem }[] = []
  const problems: Problem[] = []
  for (const item of items) {
    const read = readEntry(yaml, isNode(item) ? item : null)
    problems.push(...read.problems)
    const defect = read.problems.find(({ severity }) => severity === 'error')
    if (read.entry !== null) entries.push(read.entry)
    else if (defect !== undefined) shut.push({ image: read.image, problem: defect })
  }
  return { entries, shut, problems }
}

interface ReadEntry {
  /** null where something in it is wrong; then `problems` says what. */
  readonly entry: QuarantineEntry | null
  readonly image: string | null
  readonly problems: readonly Problem[]
}

function readEntry(yaml: YamlFile, item: Node | null): ReadEntry {
  if (!isMap(item)) {
    const problem = problemAt(yaml, item, 'Entry is no mapping', 'Write image: NAME, digest: …')
    return { entry: null, image: null, problems: [problem] }
  }
  const values = new Map<Field, string>()
  const problems: Problem[] = []
  for (const { key, value } of item.items) {
    const field = fields.find((name) => name === keyText(key))
    const place = isNode(key) ? key : item
    if (field === undefined) problems.push(unknownKey(yaml, place, keyText(key)))
    else if (isScalar(value)) values.set(field, value.value === null ? '' : keyText(value))
    else problems.push(problemAt(yaml, place, `Value of "${field}" is no text`, 'Write a text'))
  }
  const image = readImage(values.get('image') ?? '')
  const defect = defectOf(values, image)
  if (defect !== null) problems.push(problemAt(yaml, item, defect.message, defect.remedy))
  const isSound = !problems.some(({ severity }) => severity === 'error')
  return { entry: image !== null && isSound ? toEntry(image, values) : null, image, problems }
}

function defectOf(values: ReadonlyMap<Field, string>, image: string | null) {
  const tag = values.get('tag') ?? ''
  const digest = values.get('digest') ?? ''
  if (image === null) {
    const shown = JSON.stringify(values.get('image') ?? '')
    return {
      message: `Entry names the image ${shown}: that is none`,
      remedy: 'Write REGISTRY/NAME without tag and digest',
    }
  }
  if (digest !== '' && !isDigest(digest)) {
    return { message: 'Digest is none', remedy: 'Write sha256: and 64 lower-case hex digits' }
  }
  if (tag !== '' && !isTag(tag)) return { message: 'Tag is none', remedy: 'Correct it' }
  if (tag !== '' || digest !== '') return null
  return { message: 'Entry names neither digest nor tag', remedy: 'Write one of them' }
}

function toEntry(image: string, values: ReadonlyMap<Field, string>): QuarantineEntry {
  const text = (field: Field) => values.get(field) ?? ''
  const digest = text('digest')
  return {
    image,
    tag: text('tag') === '' ? null : text('tag'),
    digest: isDigest(digest) ? digest : null,
    host: text('host'),
    commit: text('commit'),
    reason: text('reason'),
    at: text('at'),
  }
}

function readImage(text: string): string | null {
  try {
    const reference = parseImageReference(text)
    return reference.tag === null && reference.digest === null ? repositoryName(reference) : null
  } catch (error) {
    if (error instanceof MagosError) return null
    throw error
  }
}

function unknownKey(yaml: YamlFile, node: Node, name: string): Problem {
  const message = `Entry has the unknown key "${name}"`
  return {
    ...problemAt(yaml, node, message, `Write one of ${fields.join(', ')}`),
    severity: 'warning',
  }
}

function problemAt(yaml: YamlFile, node: Node | null, message: string, remedy: string): Problem {
  const place = yaml.place(node === null ? 0 : start(node))
  return { file: yaml.file, ...place, severity: 'error', code: 'quarantine', message, remedy }
}
