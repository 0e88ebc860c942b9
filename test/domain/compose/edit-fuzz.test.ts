import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'

import { editImages, type Edit } from '../../../src/domain/compose/edit.ts'
import { scanComposeFile } from '../../../src/domain/compose/scan.ts'
import { MagosError } from '../../../src/domain/error.ts'
import { parseImageReference, withPin } from '../../../src/domain/image-reference.ts'
import { makeCompose, makeDice, type Dice } from './compose-maker.ts'

const long = process.env['MAGOS_LONG'] === '1'
const wanted = long ? 100_000 : 10_000
const firstSeed = Number(process.env['MAGOS_SEED'] ?? 1)

test(
  `editImages() changes no byte and no value that is not planned, in ${wanted} edits`,
  { timeout: 1_200_000 },
  () => {
    let made = 0
    let refused = 0
    let files = 0
    for (let seed = firstSeed; made < wanted; seed += 1) {
      const dice = makeDice(seed)
      const text = makeCompose(dice)
      const edits = planEdits(dice, text)
      const edited = tryEdit(text, edits)
      files += 1
      if (edited === null) refused += 1
      else {
        made += edits.length
        const fault = bytesFault(text, edited, edits) ?? valuesFault(text, edited, edits)
        if (fault !== null) {
          throw new Error(`Seed ${seed}: ${fault}\n--- before\n${text}\n--- after\n${edited}`)
        }
      }
    }
    // Most files have something to edit, and few edits are beyond their quotes.
    expect(files).toBeLessThan(wanted / 4)
    expect(refused).toBeLessThan(files / 4)
    expect(refused).toBeGreaterThan(0)
  },
)

function planEdits(dice: Dice, text: string): readonly Edit[] {
  // Some new references only quotes can carry; one of them has a whole file refused.
  const others = dice(false, false, false, false, true) ? ['[::1]:5000/x:1', '10', 'null'] : []
  return scanComposeFile('compose.yaml', text, { defaults: {} }).images.flatMap((image) => {
    if (
      image.held !== null ||
      image.image === null ||
      dice(true, false, false, false, false, false, false)
    ) {
      return []
    }
    const digest = dice(null, `sha256:${'0'.repeat(64)}` as const)
    const tag = dice('1.3', '2024.01.05', 'latest', 'v2.0.0-rc.1', '7')
    const pinned = withPin(image.image, { tag, digest })
    const to = dice(pinned, pinned, pinned, 'docker.io/library/other:9', ...others)
    return [{ image, to: image.target.part === 'tag' ? pinned : to }]
  })
}

/** null where it is refused, which only a plain scalar's new text may cause here. */
function tryEdit(text: string, edits: readonly Edit[]): string | null {
  try {
    return editImages('compose.yaml', text, edits)
  } catch (error) {
    const isRisky = edits.some(({ to }) => /^\[|^10$|^null$/.test(to))
    if (error instanceof MagosError && error.code === 'edit' && isRisky) return null
    throw error
  }
}

/** Everything between the planned ranges stands where it stood, and what they hold now is what was asked for. */
function bytesFault(before: string, after: string, edits: readonly Edit[]): string | null {
  let at = 0
  let there = 0
  for (const { image, to } of edits.toSorted(
    (a, b) => a.image.target.range[0] - b.image.target.range[0],
  )) {
    const { range, part } = image.target
    const kept = before.slice(at, range[0])
    const written = part === 'tag' ? tagOf(to) : to
    if (after.slice(there, there + kept.length) !== kept) return `bytes before ${range[0]} changed`
    there += kept.length
    if (after.slice(there, there + written.length) !== written) return `${to} was not written`
    there += written.length
    at = range[1]
  }
  return after.slice(there) === before.slice(at) ? null : 'bytes at the end changed'
}

function tagOf(to: string): string {
  const { tag, digest } = parseImageReference(to)
  return [tag, digest].filter((part) => part !== null).join('@')
}

/** What a plain YAML reader that knows nothing of ours sees: values differ where they were planned to, and nowhere else. */
function valuesFault(before: string, after: string, edits: readonly Edit[]): string | null {
  const [old, now] = [before, after].map(plainValues)
  if (old === undefined || now === undefined || old.length !== now.length) return 'shape changed'
  const plans = new Map(edits.map(({ image }) => [image.text, new Set<string>()]))
  for (const { image, to } of edits) {
    const { range, target } = image
    const start = image.text.slice(0, target.range[0] - range[0])
    const end = image.text.slice(target.range[1] - range[0])
    plans.get(image.text)?.add(start + (target.part === 'tag' ? tagOf(to) : to) + end)
  }
  for (const [index, [path, value]] of old.entries()) {
    const [nowPath, nowValue] = now[index] ?? []
    if (nowPath !== path) return `${path} became ${nowPath}`
    if (nowValue === value) continue
    const isImage = /(?:image|x-img)$/.test(path)
    if (!isImage || !plans.get(String(value))?.has(String(nowValue))) {
      return `${path} changed from ${String(value)} to ${String(nowValue)}`
    }
  }
  for (const { image, to } of edits) {
    const shown =
      image.target.part === 'tag' || image.target.range[0] !== image.range[0] ? null : to
    for (const service of image.services) {
      const found = now.find(([path]) => path.endsWith(`services/${service}/image`))
      if (shown !== null && found?.[1] !== shown) return `service ${service} has not ${shown}`
    }
  }
  return null
}

/** Every value with its path, aliases and merges expanded. */
function plainValues(text: string): readonly (readonly [string, unknown])[] {
  const found: [string, unknown][] = []
  const walk = (path: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) found.push([path, value])
    else {
      found.push([path, Array.isArray(value) ? 'list' : 'map'])
      for (const [key, one] of Object.entries(value)) walk(`${path}/${key}`, one)
    }
  }
  for (const [index, document] of parseAllDocuments(text, {
    merge: true,
    version: '1.2',
  }).entries()) {
    walk(String(index), document.toJS({ maxAliasCount: -1 }))
  }
  return found
}
