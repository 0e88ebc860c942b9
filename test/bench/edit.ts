import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'

import { editImages } from '../../src/domain/compose/edit.ts'
import { scanComposeFile, type ScannedImage } from '../../src/domain/compose/scan.ts'
import type { BenchContext } from './context.ts'
import { median } from './statistics.ts'
import { milliseconds, ratio, type Table } from './table.ts'

const ROUNDS = 9
const run = promisify(execFile)

/** Reading a compose file's images and writing them, beside a plain parse of the same file. */
export async function benchEdit({ ground, forms, signal }: BenchContext): Promise<Table[]> {
  const rows: string[][] = []
  for (const { name, text } of samples()) {
    signal.throwIfAborted()
    const images = scan(text).filter(({ held }) => held === null)
    const [first] = images
    if (first === undefined) throw new Error(`${name}: expected images`)
    const floor = time(() => parseAllDocuments(text, { uniqueKeys: false }))
    const figures = [
      time(() => scan(text)),
      time(() => edit(text, [first])),
      time(() => edit(text, images)),
    ]
    const cells = figures.map((ms) => `${fine(ms)} (${ratio(ms, floor)})`)
    rows.push([name, String(images.length), fine(floor), ...cells])
  }
  const path = join(ground, 'compose.yaml')
  await writeFile(path, plainServices(5_000))
  const [launcher = '', ...args] = forms.release.command.slice(0, -1)
  const env = { ...process.env, ...forms.release.env }
  const times: number[] = []
  for (let round = 0; round <= ROUNDS; round += 1) {
    signal.throwIfAborted()
    const begun = performance.now()
    await run(launcher, [...args, 'set-image', path, 's4999', `i:r${round}`], { env })
    if (round > 0) times.push(performance.now() - begun)
  }
  return [
    {
      title: 'Editing images',
      columns: ['file', 'images', 'plain parse (floor)', 'scan', 'edit of one', 'edit of all'],
      rows,
      notes: [
        `An edit parses the file before and after. \`magos set-image\` in the file of 5,000: ${milliseconds(median(times))}, start and exit included.`,
        `Medians of ${ROUNDS}, warm.`,
      ],
    },
  ]
}

function samples(): readonly { readonly name: string; readonly text: string }[] {
  return [
    { name: '20 services', text: plainServices(20) },
    { name: '150 services on three anchors', text: sharedServices(150) },
    { name: '5,000 services', text: plainServices(5_000) },
  ]
}

function plainServices(count: number): string {
  const note = '# {"magos": {"policy": "semver", "range": "^1"}}'
  const services = Array.from(
    { length: count },
    (_, n) =>
      `  s${n}:\n    image: i:1.${n}  ${note}\n    restart: always\n    ports: ["${n}:80"]\n`,
  )
  return `services:\n${services.join('')}`
}

function sharedServices(count: number): string {
  const anchors = [0, 1, 2].map((n) => `x-${n}: &a${n}\n  image: i${n}:1.2.3\n  restart: always\n`)
  const services = Array.from(
    { length: count },
    (_, n) => `  s${n}:\n    <<: *a${n % 3}\n    ports: ["${n}:80"]\n`,
  )
  return `${anchors.join('')}services:\n${services.join('')}`
}

function scan(text: string): readonly ScannedImage[] {
  return scanComposeFile('compose.yaml', text, { defaults: {} }).images
}

function edit(text: string, images: readonly ScannedImage[]): string {
  const to = `docker.io/library/i:2@sha256:${'a'.repeat(64)}`
  return editImages(
    'compose.yaml',
    text,
    images.map((image) => ({ image, to })),
  )
}

function time(act: () => unknown): number {
  const times = Array.from({ length: 2 * ROUNDS }, () => {
    const begun = performance.now()
    act()
    return performance.now() - begun
  })
  return median(times.slice(ROUNDS))
}

function fine(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : milliseconds(ms)
}
