import { Buffer } from 'node:buffer'
import { createHash, createSecretKey, type Hash, type KeyObject } from 'node:crypto'
import type { Place } from '../error.ts'
import { bytesOf, textOf } from './bytes.ts'
import { ciphertextMark, openCiphertext, parseCiphertext } from './ciphertext.ts'
import type { SopsMetadata } from './metadata.ts'
import { refusal } from './refusal.ts'
import { canonicalBytes, canonicalText, parsePlaintext } from './scalar-form.ts'
import { selectBy, type Selection } from './selection.ts'
import type { Comment, Entry, ListValue, MapValue, Scalar, SopsTree, Value } from './tree.ts'

export interface Decrypted {
  readonly tree: SopsTree
  /** Every plaintext that was encrypted, once each, for masking. */
  readonly values: readonly string[]
}

/**
 * Opens every ciphertext of a tree and proves the whole by its MAC. Throws `unencrypted-value` for a clear value where a
 * ciphertext belongs, `corrupt-value` for one that does not open, `mac-missing` and `mac-mismatch`: nothing of a file
 * that does not prove whole is ever given out.
 */
export function decryptTree(
  tree: SopsTree,
  metadata: SopsMetadata,
  dataKey: Uint8Array,
  place: Place,
): Decrypted {
  const walk = new Decryption(metadata, dataKey, place)
  const documents = tree.documents.map((document) => walk.openDocument(document))
  walk.verify()
  return { tree: { documents }, values: walk.values() }
}

/** What the MAC starts with where it covers encrypted values only: SHA-256 of "sops". */
const onlyEncryptedSeed = '8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69'

interface Spot {
  /** Keys on the way, each with a colon behind it: a ciphertext's additional data. */
  readonly path: Uint8Array
  readonly line: number | undefined
}

class Decryption {
  readonly #metadata: SopsMetadata
  readonly #dataKey: KeyObject
  readonly #place: Place
  readonly #hash: Hash = createHash('sha512')
  readonly #values = new Set<string>()

  constructor(metadata: SopsMetadata, dataKey: Uint8Array, place: Place) {
    this.#metadata = metadata
    this.#dataKey = createSecretKey(dataKey)
    this.#place = place
    if (metadata.covers === 'encrypted') this.#hash.update(onlyEncryptedSeed, 'hex')
  }

  openDocument(document: MapValue): MapValue {
    const spot = { path: new Uint8Array(0), line: undefined }
    return this.#openMap(document, spot, selectBy(this.#metadata.rule))
  }

  values(): readonly string[] {
    return [...this.#values]
  }

  verify(): void {
    const { mac, lastModified } = this.#metadata
    if (mac === null) {
      throw refusal('mac-missing', 'Cannot trust file: it has no MAC', this.#place)
    }
    const ciphertext = parseCiphertext(mac)
    const opened =
      ciphertext?.type === 'str'
        ? openCiphertext(ciphertext, this.#dataKey, bytesOf(lastModified))
        : null
    const computed = this.#hash.digest('hex').toUpperCase()
    if (opened !== null && textOf(opened) === computed) return
    const reason = opened === null ? 'its MAC does not open' : 'its MAC is not that of its values'
    throw refusal('mac-mismatch', `Cannot trust file: ${reason}`, this.#place)
  }

  #openMap(map: MapValue, spot: Spot, selection: Selection): MapValue {
    const items = selection.items()
    const entries = map.entries.map((entry): Entry | Comment => {
      if (entry.kind === 'comment') return this.#openComment(entry, spot, items.comment(entry))
      const { key, line = spot.line } = entry
      const below = { path: Buffer.concat([spot.path, key, colon]), line }
      const value = this.#openValue(entry.value, below, items.next().below(key))
      items.pass()
      // sops writes comments in lists as values, and never one below a key
      if (value.kind === 'comment') throw this.#corrupt(below, 'it holds a comment')
      return { ...entry, value }
    })
    return { kind: 'map', entries }
  }

  #openList(list: ListValue, spot: Spot, selection: Selection): ListValue {
    const items = selection.items()
    const openedItems = list.items.map((item): Value | Comment => {
      if (item.kind === 'comment') return this.#openComment(item, spot, items.comment(item))
      const opened = this.#openValue(item, spot, items.next())
      // a comment that became an item when it was encrypted ends nothing
      if (opened.kind !== 'comment') items.pass()
      return opened
    })
    return { kind: 'list', items: openedItems }
  }

  #openValue(value: Value, spot: Spot, selection: Selection): Value | Comment {
    if (value.kind === 'map') return this.#openMap(value, spot, selection)
    if (value.kind === 'list') return this.#openList(value, spot, selection)
    // neither is ever encrypted, so neither counts
    if (value.kind === 'null' || (value.kind === 'text' && value.bytes.length === 0)) return value
    if (selection.encrypted) return this.#openScalar(value, spot)
    if (this.#metadata.covers === 'all') this.#hash.update(canonicalBytes(value))
    return value
  }

  #openScalar(value: Scalar, spot: Spot): Scalar | Comment {
    const text = value.kind === 'text' ? textOf(value.bytes) : ''
    if (!text.startsWith(ciphertextMark)) {
      const message = `Cannot open value ${nameOf(spot)}: it stands in the clear`
      throw refusal('unencrypted-value', message, this.#placeOf(spot))
    }
    const ciphertext = parseCiphertext(text)
    if (ciphertext === null) throw this.#corrupt(spot, 'it is no well-formed ciphertext')
    const plaintext = openCiphertext(ciphertext, this.#dataKey, spot.path)
    if (plaintext === null) throw this.#corrupt(spot, 'it does not authenticate under its path')
    const opened = parsePlaintext(ciphertext.type, plaintext)
    if (opened === null) throw this.#corrupt(spot, 'it does not hold what its type says')
    this.#values.add(textOf(plaintext))
    if (opened.kind === 'comment') return { ...opened, stands: 'alone' }
    // as it is shown, where that is another spelling
    if (opened.kind !== 'text') this.#values.add(canonicalText(opened))
    this.#hash.update(canonicalBytes(opened))
    return opened
  }

  /** One that does not open was never encrypted, or by an old release: it stays as it is. */
  #openComment(comment: Comment, spot: Spot, encrypted: boolean): Comment {
    if (!encrypted) return comment
    const ciphertext = parseCiphertext(textOf(comment.text))
    // no key at all still leaves the colon
    const path = spot.path.length === 0 ? colon : spot.path
    const plaintext = ciphertext === null ? null : openCiphertext(ciphertext, this.#dataKey, path)
    if (plaintext === null) return comment
    this.#values.add(textOf(plaintext))
    return { kind: 'comment', text: plaintext, stands: 'alone' }
  }

  #corrupt(spot: Spot, reason: string): Error {
    const message = `Cannot open value ${nameOf(spot)}: ${reason}`
    return refusal('corrupt-value', message, this.#placeOf(spot))
  }

  #placeOf({ line }: Spot): Place {
    return line === undefined ? this.#place : { file: this.#place.file, line }
  }
}

const colon = bytesOf(':')

function nameOf({ path }: Spot): string {
  return JSON.stringify(textOf(path).slice(0, -1))
}
