import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchContext } from './context.ts'
import type { Form } from './forms.ts'
import { inHome, makeQuietHome } from './ground.ts'
import { median } from './statistics.ts'
import { startSubject, type Subject } from './subject.ts'
import { megabytes, milliseconds, ratio, type Table } from './table.ts'
import { memoryOf, type Memory } from './usage.ts'

const ROUNDS = 7
/** ms after listening until the memory counts as idle. */
const IDLE = 4_000

interface Figures {
  readonly after: number
  readonly computed: number
  readonly memory: Memory
}

/** Start to listening, and memory once nothing more happens. In turns, so that all meet the same machine. */
export async function benchStart({ ground, forms, signal }: BenchContext): Promise<Table[]> {
  const home = await makeQuietHome(ground, 'a secret that nobody uses')
  const subjects = {
    bare: forms.bare,
    release: forms.release,
    bundle: forms.bundle,
    source: forms.source,
  }
  const entries = Object.entries(subjects).map(([name, form]) => {
    return { name, form: inHome(home, form, join(ground, `start-${name}`)) }
  })
  const starts = new Map<string, Subject['started'][]>()
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { name, form } of entries) {
      signal.throwIfAborted()
      const subject = await startSubject(form)
      await subject.stop()
      const { started } = subject
      // The first is the warm-up: it makes the data directory and fills the compile cache.
      if (round > 0) starts.set(name, [...(starts.get(name) ?? []), started])
    }
  }
  const memories = await idleMemories(entries.map(({ form }) => form))
  const figures = entries.map(({ name }, index): Figures => {
    const all = starts.get(name) ?? []
    return {
      after: median(all.map(({ after }) => after)),
      computed: median(all.map(({ computed }) => computed)),
      memory: memories[index] ?? { resident: NaN, proportional: NaN, peak: NaN },
    }
  })
  return [table(figures)]
}

/** All at once: they do nothing any more when it is read. */
async function idleMemories(forms: readonly Form[]): Promise<Memory[]> {
  const running = await Promise.all(forms.map(startSubject))
  await sleep(IDLE)
  const memories = running.map(({ pid }) => memoryOf(pid))
  await Promise.all(running.map((subject) => subject.stop()))
  return memories
}

const NAMES = [
  'bare Hono server, bundled (floor)',
  'release: launcher and bundle',
  'release without its launcher',
  'source: launcher and TypeScript',
]

function table(figures: readonly Figures[]): Table {
  const [floor] = figures
  if (floor === undefined) throw new Error('Nothing was measured')
  return {
    title: 'Start to listening, and idle memory',
    columns: ['', 'listening', '', 'computed', 'RSS', '', 'PSS'],
    rows: figures.map(({ after, computed, memory }, index) => [
      NAMES[index] ?? '',
      milliseconds(after),
      ratio(after, floor.after),
      milliseconds(computed),
      megabytes(memory.resident),
      ratio(memory.resident, floor.memory.resident),
      megabytes(memory.proportional),
    ]),
    notes: [
      `Medians of ${ROUNDS} starts, in turns. Computed: the process's own time on a processor, whatever others do.`,
      `Memory ${IDLE / 1000} s after listening, on a local repository without stacks; the engine answers that nothing runs.`,
    ],
  }
}
