import type { Dice } from '../domain/compose/compose-maker.ts'
import { OWNER, type Files } from './homelab-files.ts'
import type { Edit } from './ledger.ts'

/** What a person does to the files of a homelab, and nobody else thinks of. */
export function personsEdit(dice: Dice, files: Files, number: number, versionOf: Versions): Edit {
  const edit = anEdit(dice, files, number, versionOf)
  const changes = [...edit(files)].filter(([path, text]) => files.get(path) !== text)
  return new Map(changes.length > 0 ? changes : within('README.md', sign(number))(files))
}

type Change = (files: Files) => Edit

function anEdit(dice: Dice, files: Files, number: number, versionOf: Versions): Change {
  const paths = [...files.keys()].filter((path) => path.endsWith('/compose.yaml'))
  const path = dice(...paths)
  return dice<() => Change>(
    () => within(path, (text) => noteInside(dice, text, number)),
    () => within(path, (text) => setVariable(dice, text, number)),
    () => within(path, (text) => setVariable(dice, text, number)),
    () => within(path, swapServices),
    () => within(path, toggleNewlines),
    () => within(path, (text) => toggleQuotes(text, number)),
    () => within(path, (text) => widenComments(text, number)),
    () => renameStack(path, number),
    () => within(path, (text) => setVersion(dice, text, number, versionOf)),
    () => within('README.md', sign(number)),
  )()
}

/** A reference that somebody could write by hand, of what was pushed so far. */
export type Versions = (name: string) => readonly string[]

function sign(number: number): (text: string) => string {
  return (text) => `${text}${number}\n`
}

function within(path: string, change: (text: string) => string): Change {
  return (files) => {
    const text = files.get(path)
    return text === undefined ? new Map() : new Map([[path, change(text)]])
  }
}

/** A comment of its own line, anywhere behind the first. */
function noteInside(dice: Dice, text: string, number: number): string {
  const lines = text.split('\n')
  const at = 1 + dice(...lines.slice(1).keys())
  const end = lines[0]?.endsWith('\r') ? '\r' : ''
  return lines.toSpliced(at, 0, `${dice('', '  ')}# note ${number}${end}`).join('\n')
}

function setVariable(dice: Dice, text: string, number: number): string {
  const lines = text.split('\n')
  const places = lines.flatMap((line, index) => (/^ {4}environment:/u.test(line) ? [index] : []))
  if (places.length === 0) return noteInside(dice, text, number)
  const at = dice(...places)
  const end = lines[at]?.endsWith('\r') ? '\r' : ''
  return lines.toSpliced(at + 1, 0, `      N${number}: "${OWNER}/web:1.0.0"${end}`).join('\n')
}

/** The first service goes behind the others. */
function swapServices(text: string): string {
  const end = text.endsWith('\n') ? '' : '\n'
  const [head = '', ...services] = `${text}${end}`.split(/^(?= {2}\w+:)/mu)
  const [first = '', ...rest] = services
  const swapped = `${head}${rest.join('')}${first}`
  return end === '' ? swapped : swapped.slice(0, -1)
}

function toggleNewlines(text: string): string {
  return text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text.replaceAll('\n', '\r\n')
}

function toggleQuotes(text: string, number: number): string {
  return number % 2 === 0
    ? text.replaceAll(/image: (ghcr\.io\/\S+)/gu, 'image: "$1"')
    : text.replaceAll(/image: ["'](ghcr\.io\/[^"']+)["']/gu, 'image: $1')
}

function widenComments(text: string, number: number): string {
  return text.replaceAll(/[ \t]+# \{/gu, `${number % 2 === 0 ? '\t' : '    '}# {`)
}

function renameStack(path: string, number: number): Change {
  const [stack = ''] = path.split('/')
  const to = `${stack.replace(/-\d+$/u, '')}-${number}/compose.yaml`
  return (files) => {
    const text = files.get(path)
    return text === undefined
      ? new Map()
      : new Map([
          [path, null],
          [to, text],
        ])
  }
}

/** Another version of one image, pinned or not. */
function setVersion(dice: Dice, text: string, number: number, versionOf: Versions): string {
  const found = [...text.matchAll(/ghcr\.io\/acme\/(\w+):\d[\w.]*@sha256:[0-9a-f]{64}/gu)]
  if (found.length === 0) return noteInside(dice, text, number)
  const { index, 0: old, 1: name = '' } = dice(...found)
  const wanted = dice(...versionOf(name))
  return `${text.slice(0, index)}${OWNER}/${name}:${wanted}${text.slice(index + old.length)}`
}
