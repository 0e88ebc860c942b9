import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startWorker } from './start-worker.ts'
import { openForTest, temporaryDirectory } from './temporary-store.ts'

const ROUNDS = process.env['MAGOS_LONG'] === '1' ? 40 : 3

/** Ids that the lines of one kind tell. */
function idsOf(lines: readonly string[], kind: string): number[] {
  return lines
    .filter((line) => line.startsWith(`${kind} `))
    .map((line) => Number(line.slice(kind.length)))
}

/** Kills the worker at a random moment after its first fact; the moment is printed when the test fails. */
async function runAndKill(action: 'accept' | 'settle', path: string) {
  const worker = startWorker(action, path)
  onTestFinished(() => worker.kill())
  await worker.line(action)
  const moment = Math.random() * 120
  await new Promise((resolve) => void setTimeout(resolve, moment))
  await worker.kill()
  return { lines: worker.lines, moment }
}

describe('SIGKILL at any moment', () => {
  test(
    'every id that was told is there afterwards, and the next start goes on',
    { timeout: ROUNDS * 5_000 },
    async () => {
      const path = join(temporaryDirectory(), 'magos.db')
      const told: number[] = []
      for (let round = 0; round < ROUNDS; round += 1) {
        const { lines, moment } = await runAndKill('accept', path)
        told.push(...idsOf(lines, 'accepted'))
        const store = openForTest(path)
        const kept = new Set(store.inbox.pending().map(({ id }) => id))
        store.close()
        const lost = told.filter((id) => !kept.has(id))
        expect({ round, moment, lost }).toEqual({ round, moment, lost: [] })
      }
      expect(told.length).toBeGreaterThan(ROUNDS)
    },
  )

  test(
    'an event is settled with its follow-up, or neither',
    { timeout: ROUNDS * 5_000 },
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const path = join(temporaryDirectory(), 'magos.db')
        const { lines, moment } = await runAndKill('settle', path)
        const { inbox } = openForTest(path)
        const told = idsOf(lines, 'settled')
        const pending = inbox.pending()
        const causes = pending.flatMap(({ origin }) => origin.delivery ?? []).map(Number)
        // Whoever was told, or left a follow-up, has its own id as its answer; nothing else has any.
        const unanswered = [...told, ...causes].filter((id) => inbox.answer(id) !== id)
        const newest = Math.max(0, ...pending.map(({ id }) => id), ...told)
        const ids = Array.from({ length: newest }, (_, index) => index + 1)
        const halves = ids.filter((id) => ![undefined, id].includes(numberOrNone(inbox.answer(id))))
        expect({ round, moment, unanswered, halves }).toEqual({
          round,
          moment,
          unanswered: [],
          halves: [],
        })
        expect(causes.length + told.length).toBeGreaterThan(0)
      }
    },
  )
})

function numberOrNone(answer: unknown): number | undefined {
  return answer === undefined ? undefined : Number(answer)
}
