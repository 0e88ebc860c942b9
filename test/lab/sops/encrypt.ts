/**
 * Encrypts as SOPS does, written beside its specification and not from the code under test: what that reads must come
 * from somewhere else. https://github.com/getsops/sops#encryption-protocol
 */
import { createCipheriv, createHash, randomBytes } from 'node:crypto'

/** A value in the spelling that is encrypted and hashed. */
export interface Leaf {
  readonly type: string
  readonly text: string | Uint8Array
  /** How a file spells it in the clear; default the text in quotes. */
  readonly clear?: string
}

export interface Remark {
  readonly remark: string
}

export interface Fields {
  readonly fields: readonly (readonly [key: string, node: Node] | Remark)[]
}

export type Node = Leaf | Fields | null | readonly (Node | Remark)[]

export interface Recipe {
  readonly documents: readonly Fields[]
  /** One of the six rules by its name; default the suffix `_unencrypted`, unwritten. */
  readonly rule?: readonly [name: string, pattern: string]
  readonly macOnlyEncrypted?: boolean
  readonly dataKey: Uint8Array
  readonly ivLength?: number
  readonly lastModified?: string
  /** The same as the MAC's additional data has it; default as written. */
  readonly lastModifiedData?: string
  /** Instead of the one that the values have. */
  readonly mac?: string
  /** More of the metadata, recipients first of all. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

export interface Encrypted {
  readonly documents: readonly Sealed[]
  readonly metadata: Readonly<Record<string, unknown>>
}

/** A document as it stands in its file: every scalar in the file's own spelling. */
export type Sealed =
  | { readonly kind: 'scalar'; readonly quoted: boolean; readonly text: string }
  | { readonly kind: 'remark'; readonly text: string }
  | { readonly kind: 'fields'; readonly fields: readonly (readonly [string, Sealed])[] }
  | { readonly kind: 'list'; readonly items: readonly Sealed[] }

export function text(value: string): Leaf {
  return { type: 'str', text: value }
}

export function fields(...entries: Fields['fields']): Fields {
  return { fields: entries }
}

export function encrypt(recipe: Recipe): Encrypted {
  const { rule, macOnlyEncrypted = false } = recipe
  const { lastModified = '2026-11-23T02:30:15Z', lastModifiedData = lastModified } = recipe
  const hash = createHash('sha512')
  if (macOnlyEncrypted) hash.update(createHash('sha256').update('sops').digest())
  const scope: Scope = { recipe, hash }
  const documents = recipe.documents.map((document) => sealFields(scope, document, [], []))
  const mac = recipe.mac ?? hash.digest('hex').toUpperCase()
  const metadata = {
    age: [{ recipient: 'age1test', enc: 'test' }],
    ...recipe.metadata,
    lastmodified: lastModified,
    mac: seal(recipe, mac, 'str', lastModifiedData),
    ...(rule === undefined ? {} : { [rule[0]]: rule[1] }),
    ...(macOnlyEncrypted ? { mac_only_encrypted: true } : {}),
    version: '3.13.3',
  }
  return { documents, metadata }
}

/** One ciphertext; nothing checks what is in it. */
export function seal(
  { dataKey, ivLength = 32 }: Pick<Recipe, 'dataKey' | 'ivLength'>,
  plaintext: string | Uint8Array,
  type: string,
  additionalData: string | Uint8Array,
): string {
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv('aes-256-gcm', dataKey, iv)
  cipher.setAAD(Buffer.from(additionalData))
  const data = Buffer.concat([cipher.update(Buffer.from(plaintext)), cipher.final()])
  const parts = [data, iv, cipher.getAuthTag()].map((part) => part.toString('base64'))
  return `ENC[AES256_GCM,data:${parts[0]},iv:${parts[1]},tag:${parts[2]},type:${type}]`
}

interface Scope {
  readonly recipe: Recipe
  readonly hash: ReturnType<typeof createHash>
}

type Comments = readonly (readonly string[])[]

function sealFields(scope: Scope, node: Fields, path: readonly string[], above: Comments): Sealed {
  let own: string[] = []
  const sealed = node.fields.map((entry): readonly [string, Sealed] => {
    if ('remark' in entry) {
      own.push(entry.remark)
      return ['', sealRemark(scope, entry.remark, path, [...above, own])]
    }
    const [key, value] = entry
    const below = sealNode(scope, value, [...path, key], [...above, own])
    own = []
    return [key, below]
  })
  return { kind: 'fields', fields: sealed }
}

function sealNode(scope: Scope, node: Node, path: readonly string[], comments: Comments): Sealed {
  if (node === null) return { kind: 'scalar', quoted: false, text: 'null' }
  if ('fields' in node) return sealFields(scope, node, path, comments)
  if (!('type' in node)) return sealList(scope, node, path, comments)
  if (node.text.length === 0) return { kind: 'scalar', quoted: true, text: '' }
  const encrypted = isEncrypted(scope.recipe, path, comments, 'value')
  if (encrypted || scope.recipe.macOnlyEncrypted !== true) scope.hash.update(node.text)
  if (!encrypted) {
    const plain = node.clear ?? Buffer.from(node.text).toString()
    return { kind: 'scalar', quoted: node.clear === undefined, text: plain }
  }
  const sealed = seal(scope.recipe, node.text, node.type, `${path.join(':')}:`)
  return { kind: 'scalar', quoted: true, text: sealed }
}

function sealList(
  scope: Scope,
  nodes: readonly (Node | Remark)[],
  path: readonly string[],
  above: Comments,
): Sealed {
  let own: string[] = []
  const items = nodes.map((node): Sealed => {
    if (node !== null && 'remark' in node) {
      own.push(node.remark)
      const sealed = sealRemark(scope, node.remark, path, [...above, own])
      // a list has no place for an encrypted comment but an item
      return sealed.kind === 'remark' && sealed.text.startsWith('ENC[')
        ? { kind: 'scalar', quoted: false, text: sealed.text }
        : sealed
    }
    const sealed = sealNode(scope, node, path, [...above, own])
    own = []
    return sealed
  })
  return { kind: 'list', items }
}

function sealRemark(
  { recipe }: Scope,
  remark: string,
  path: readonly string[],
  comments: Comments,
): Sealed {
  const encrypted = isEncrypted(recipe, path, comments, 'remark')
  const sealed = encrypted ? seal(recipe, remark, 'comment', `${path.join(':')}:`) : remark
  return { kind: 'remark', text: sealed }
}

function isEncrypted(
  { rule: [name, pattern] = ['unencrypted_suffix', '_unencrypted'] }: Recipe,
  path: readonly string[],
  comments: Comments,
  what: 'value' | 'remark',
): boolean {
  const clear = name.startsWith('un')
  if (name.endsWith('comment_regex')) {
    const spoken = comments.flat()
    // the comment that a rule names is not encrypted itself
    const heard = !clear && what === 'remark' ? spoken.slice(0, -1) : spoken
    return heard.some((comment) => new RegExp(pattern).test(comment)) !== clear
  }
  const matches = name.endsWith('suffix')
    ? path.some((key) => key.endsWith(pattern))
    : path.some((key) => new RegExp(pattern).test(key))
  return matches !== clear
}
