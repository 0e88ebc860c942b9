import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { missingPackages } from '../lab/engine/install.ts'
import { isolationTrouble } from '../lab/engine/isolate.ts'
import type { BenchContext } from './context.ts'
import type { FloorRound, LoopFigures, LoopTask, Round } from './loop-figures.ts'
import { median } from './statistics.ts'
import { milliseconds, ratio, type Table } from './table.ts'

const ISOLATE = join(import.meta.dirname, '../lab/engine/isolate.ts')
const INSIDE = join(import.meta.dirname, 'loop-inside.ts')
const TITLE = 'An image is pushed until the new digest serves and is proven'

/** The whole loop on a real engine; where there is none, a table that says so. */
export async function benchLoop({ ground, forms, signal }: BenchContext): Promise<Table[]> {
  const trouble = engineTrouble()
  if (trouble !== null) {
    return [{ title: TITLE, columns: [''], rows: [[`not measured: ${trouble}`]], notes: [] }]
  }
  const task: LoopTask = {
    result: join(ground, 'loop.json'),
    forms: { release: forms.release, source: forms.source },
  }
  const args = [ISOLATE, '--', process.execPath, INSIDE, JSON.stringify(task)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const end = () => child.kill('SIGTERM')
  signal.addEventListener('abort', end, { once: true })
  process.once('exit', end)
  await once(child, 'exit')
  signal.removeEventListener('abort', end)
  process.off('exit', end)
  signal.throwIfAborted()
  if (child.exitCode !== 0) throw new Error(`Run the loop: it ended with ${child.exitCode}`)
  const figures: LoopFigures = JSON.parse(await readFile(task.result, 'utf8'))
  return [table(figures)]
}

/** Why no engine can be had; null where one can. */
function engineTrouble(): string | null {
  const missing = missingPackages()
  if (missing.length > 0) return `this machine lacks ${missing.join(', ')} (npm test brings them)`
  return isolationTrouble()
}

/** Each stage by itself: from the end of the one before it. */
const STAGES: readonly (readonly [name: string, of: (round: Round) => number])[] = [
  ['webhook to moved ref: registry, decision, three calls', ({ moved }) => moved],
  ['moved ref to serving: fetch, pull, compose', ({ moved, serves }) => serves - moved],
  ['serving to proven and told, settle window subtracted', ({ serves, proven }) => proven - serves],
]

function table({ release, source, floor }: LoopFigures): Table {
  const parts = partsOf(floor)
  const toServing = parts.slice(0, -1).reduce((total, [, ms]) => total + ms, 0)
  const ends = parts.at(-1)?.[1] ?? NaN
  const sum = toServing + ends
  const least = [NaN, toServing, ends]
  const stages = STAGES.map(([name, of], index) => {
    const [ours, unbundled] = [median(release.map(of)), median(source.map(of))]
    return row(name, least[index] ?? NaN, ours, unbundled)
  })
  const [ours, unbundled] = [median(release.map(provenOf)), median(source.map(provenOf))]
  return {
    title: TITLE,
    columns: ['', 'floor', 'release', '', 'source', ''],
    rows: [
      ...stages,
      row('all of it: webhook to proven', sum, ours, unbundled),
      [
        'of it ours, beyond the floor',
        '',
        milliseconds(ours - sum),
        '',
        milliseconds(unbundled - sum),
        '',
      ],
    ],
    notes: [
      `Medians of ${release.length} rounds (source: ${source.length}). The webhook was answered after ${milliseconds(median(release.map(({ accepted }) => accepted)))}.`,
      `Floor, in the same minutes: ${parts.map(([name, ms]) => `${name} ${milliseconds(ms)}`).join(', ')}.`,
      'Subtracted or off: the settle window (2 s here, 10 s by default) and the window in which images gather (2 s by default).',
    ],
  }
}

function provenOf({ proven }: Round): number {
  return proven
}

function row(name: string, floor: number, release: number, source: number): string[] {
  const cells = [release, source].flatMap((ms) => [milliseconds(ms), ratio(ms, floor)])
  return [name, milliseconds(floor), ...cells]
}

function partsOf(floor: readonly FloorRound[]): readonly (readonly [name: string, ms: number])[] {
  const of = (part: keyof FloorRound) => median(floor.map((round) => round[part]))
  return [
    ['git fetch', of('fetch')],
    ['podman pull', of('pull')],
    ['podman system service', of('service')],
    ['docker-compose up -d until it serves', of('serves')],
    ['until it ends', of('ends')],
  ]
}
