/** Writes what `encrypt` made as a file of each format, in spellings that sops reads and does not write itself. */
import type { Encrypted, Sealed } from './encrypt.ts'

/** YAML with every key quoted, two columns a level. */
export function writeYaml({ documents, metadata }: Encrypted): string {
  return documents
    .map((document, index) => {
      // JSON is YAML; of several documents only the first one's node counts
      const sops = index === 0 ? `sops: ${JSON.stringify(metadata)}\n` : ''
      return `${yamlLines(document, '').join('\n')}\n${sops}`
    })
    .join('---\n')
}

export function writeJson({ documents, metadata }: Encrypted): string {
  const [document] = documents
  if (document?.kind !== 'fields') throw new Error('JSON holds one document')
  const pairs = document.fields.map(([key, value]) => `${JSON.stringify(key)}: ${json(value)}`)
  return `{${[...pairs, `"sops": ${JSON.stringify(metadata)}`].join(', ')}}`
}

export function writeDotenv({ documents, metadata }: Encrypted): string {
  const [document] = documents
  if (document?.kind !== 'fields') throw new Error('dotenv holds one document')
  const lines = document.fields.map(([key, value]) =>
    value.kind === 'remark' ? `#${value.text}` : `${key}=${flat(value).replaceAll('\n', '\\n')}`,
  )
  return [
    ...lines,
    ...flatten('sops', metadata, '_').map(([key, value]) => `${key}=${value}`),
    '',
  ].join('\n')
}

export function writeIni({ documents, metadata }: Encrypted): string {
  const [document] = documents
  if (document?.kind !== 'fields') throw new Error('INI holds one document')
  const sections = document.fields.map(([name, section]) => {
    if (section.kind !== 'fields') throw new Error('INI holds sections')
    const lines = section.fields.map(([key, value]) =>
      value.kind === 'remark' ? `; ${value.text}` : `${key} = ${flat(value)}`,
    )
    return [`[${name}]`, ...lines].join('\n')
  })
  const own = Object.entries(metadata).flatMap(([name, value]) => flatten(name, value, '__map_'))
  return [...sections, '[sops]', ...own.map(([key, value]) => `${key} = ${value}`), ''].join('\n')
}

function yamlLines(node: Sealed, margin: string): string[] {
  if (node.kind === 'fields') {
    return node.fields.flatMap(([key, value]) =>
      yamlEntry(`${JSON.stringify(key)}:`, value, margin),
    )
  }
  if (node.kind === 'list') return node.items.flatMap((item) => yamlEntry('-', item, margin))
  return [scalar(node)]
}

function yamlEntry(mark: string, value: Sealed, margin: string): string[] {
  if (value.kind === 'remark') return [`${margin}#${value.text}`]
  if (value.kind === 'scalar') return [`${margin}${mark} ${scalar(value)}`]
  const isEmpty = value.kind === 'list' ? value.items.length === 0 : value.fields.length === 0
  if (isEmpty) return [`${margin}${mark} ${value.kind === 'list' ? '[]' : '{}'}`]
  return [`${margin}${mark}`, ...yamlLines(value, `${margin}  `)]
}

function scalar(node: Sealed): string {
  if (node.kind !== 'scalar') throw new Error('no scalar')
  return node.quoted ? JSON.stringify(node.text) : node.text
}

function json(node: Sealed): string {
  if (node.kind === 'list') {
    return `[${node.items.flatMap((item) => (item.kind === 'remark' ? [] : [json(item)])).join(', ')}]`
  }
  if (node.kind !== 'fields') return scalar(node)
  return `{${node.fields.map(([key, value]) => `${JSON.stringify(key)}: ${json(value)}`).join(', ')}}`
}

function flat(node: Sealed): string {
  if (node.kind !== 'scalar') throw new Error('a flat format holds scalars')
  return node.text
}

function flatten(name: string, node: unknown, joint: string): (readonly [string, string])[] {
  if (Array.isArray(node)) {
    return node.flatMap((item: unknown, index) => flatten(`${name}__list_${index}`, item, '__map_'))
  }
  if (typeof node === 'object' && node !== null) {
    return Object.entries(node).flatMap(([key, value]) =>
      flatten(`${name}${joint}${key}`, value, '__map_'),
    )
  }
  return [[name, String(node).replaceAll('\n', String.raw`\n`)]]
}
