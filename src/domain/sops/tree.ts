/**
 * What SOPS encrypts and decrypts: documents of values in the order of their file. Texts and keys are bytes, since
 * SOPS promises no UTF-8: https://github.com/getsops/sops#encryption-protocol
 */
export interface SopsTree {
  /** YAML may hold several; every other format holds one. */
  readonly documents: readonly MapValue[]
}

export interface MapValue {
  readonly kind: 'map'
  readonly entries: readonly (Entry | Comment)[]
}

export interface ListValue {
  readonly kind: 'list'
  readonly items: readonly (Value | Comment)[]
}

export interface Entry {
  readonly kind: 'entry'
  readonly key: Uint8Array
  readonly value: Value
  /** Where it stands in its file, from 1. */
  readonly line?: number
}

/** Never a value, so neither hashed nor missed. */
export interface Comment {
  readonly kind: 'comment'
  /** Behind its mark. */
  readonly text: Uint8Array
  /** On a line of its own, or behind the value that follows it here. */
  readonly stands: 'alone' | 'beside'
}

export type Scalar =
  | { readonly kind: 'null' }
  | { readonly kind: 'text'; readonly bytes: Uint8Array }
  /** Of 64 bits with a sign. */
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** As RFC 3339 writes it, without zeros at the end of a fraction. */
  | { readonly kind: 'time'; readonly text: string }

export type Value = Scalar | MapValue | ListValue
