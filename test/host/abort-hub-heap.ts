import { getHeapSpaceStatistics } from 'node:v8'
import { createAbortHub } from '../../src/host/abort-hub.ts'

/** Prints by how many bytes the old generation grows while 20,000 watch for a moment: on its own, since it tells of a whole process. */
const watchAbort = createAbortHub()
const { signal } = new AbortController()
watchAbort(signal, () => undefined)
// The hub itself has to be old: what is old and lies about is what keeps the young.
churn(100_000, () => undefined)
const before = oldSpace()
const under: (() => void)[] = []
churn(20_000, (held) => {
  under.push(watchAbort(signal, () => void held.length))
  if (under.length > 8) under.shift()?.()
})
process.stdout.write(String(oldSpace() - before))

function churn(times: number, use: (held: readonly number[]) => void): void {
  for (let count = 0; count < times; count += 1) use(Array.from({ length: 100 }, () => count))
}

function oldSpace(): number {
  const spaces = getHeapSpaceStatistics()
  return spaces.find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0
}
