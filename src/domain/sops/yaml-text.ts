import { Buffer, isUtf8 } from 'node:buffer'
import { textOf } from './bytes.ts'
import { shortFloat } from './float-text.ts'
import type { Scalar } from './tree.ts'
import { resolveScalar } from './yaml-scalar.ts'

/** Longer keys get a `?`: https://yaml.org/spec/1.2.2/#example-single-pair-explicit-entry */
const maxSimpleKey = 128

/**
 * A scalar in the style that sops chooses for it. Lines below the first are indented by `indent`; `hint` is how far that
 * is from what holds the scalar, for blocks that begin with a blank.
 */
export function printScalar(value: Scalar, indent: number, hint: number): string {
  switch (value.kind) {
    case 'text':
      return printText(value.bytes, indent, hint)
    case 'null':
      return 'null'
    case 'float':
      return printFloat(value.value)
    case 'integer':
    case 'boolean':
      return String(value.value)
    case 'time':
      return value.text
  }
}

/** A key, and whether it may stand before its colon as it is. */
export function printKey(
  key: Uint8Array,
  indent: number,
): { readonly text: string; readonly simple: boolean } {
  if (textOf(key) === '<<') return { text: '!!merge <<', simple: true }
  const text = printText(key, indent, 4)
  return { text, simple: !text.includes('\n') && key.length <= maxSimpleKey }
}

function printFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (Number.isFinite(value)) return shortFloat(value)
  return value < 0 ? '-.inf' : '.inf'
}

function printText(bytes: Uint8Array, indent: number, hint: number): string {
  if (!isUtf8(bytes)) return `!!binary ${printBinary(bytes, indent)}`
  const text = textOf(bytes)
  if (text.includes('\n')) {
    return isBlockText(text) ? printBlock(text, indent, hint) : printQuoted(text)
  }
  if (!isPlainText(text) || !isPrintable(text)) return printQuoted(text)
  return needsQuotes(text) ? `'${text.replaceAll("'", "''")}'` : text
}

/** In lines of 70 characters where one is not enough. */
function printBinary(bytes: Uint8Array, indent: number): string {
  const encoded = Buffer.from(bytes).toString('base64')
  if (encoded.length < 70) return encoded
  const lines = encoded.match(/.{1,70}/g) ?? []
  return ['|', ...lines.map((line) => ' '.repeat(indent) + line)].join('\n')
}

const oldBoolean = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/
/** YAML 1.1's times of day and angles: https://yaml.org/type/float.html */
const base60 = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/

/** Whether nobody takes it for anything but text when it stands without quotes. */
function isPlainText(text: string): boolean {
  if (oldBoolean.test(text) || base60.test(text) || text === '<<') return false
  return resolveScalar(text, 'plain', null)?.kind === 'text'
}

// Line breaks and a tab are escaped in quotes; so is whatever lies beyond the basic plane.
// oxlint-disable-next-line no-control-regex -- these are what it is about
const unprintable = /[^\u0020-\u007E\u00A0-\u2027\u202A-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD]/u

function isPrintable(text: string): boolean {
  return !unprintable.test(text)
}

/** Where marks of YAML, or blanks at an end, would be taken for something else: single quotes do. */
function needsQuotes(text: string): boolean {
  return /^[#,[\]{}&*!|>'"%@`]|^[-?:](?: |$)|^---|^\.\.\.|: |:$| #/.test(text) || /^ | $/.test(text)
}

/** A block holds no blank before a line break and none at the end. */
function isBlockText(text: string): boolean {
  return !/ (?:\n|$)/.test(text) && isPrintable(text.replaceAll(/[\n\t]/g, ''))
}

function printBlock(text: string, indent: number, hint: number): string {
  const begins = /^[ \n]/.test(text) ? String(hint) : ''
  const ends = text.endsWith('\n') ? (text === '\n' || text.endsWith('\n\n') ? '+' : '') : '-'
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
  const margin = ' '.repeat(indent)
  return [
    `|${begins}${ends}`,
    ...lines.map((line) => (line === '' ? '' : `${margin}${line}`)),
  ].join('\n')
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['\0', '0'],
  ['\u0007', 'a'],
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\v', 'v'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['\u001B', 'e'],
  ['"', '"'],
  ['\\', '\\'],
  ['\u0085', 'N'],
  ['\u2028', 'L'],
  ['\u2029', 'P'],
])

function printQuoted(text: string): string {
  // sops escapes all of a text that begins with a byte order mark
  const all = text.startsWith('\uFEFF')
  let quoted = ''
  for (const character of text) {
    const isBare = !all && character !== '"' && character !== '\\' && isPrintable(character)
    quoted += isBare ? character : escape(character)
  }
  return `"${quoted}"`
}

function escape(character: string): string {
  const known = escapes.get(character)
  if (known !== undefined) return `\\${known}`
  const code = character.codePointAt(0) ?? 0
  const digits = code.toString(16).toUpperCase()
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`
}
