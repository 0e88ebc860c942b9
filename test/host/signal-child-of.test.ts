import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { signalChildOf } from '../../src/host/signal-child-of.ts'

const WORD = 'f'.repeat(64)
const started: ChildProcess[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.stdin?.end()
})

/** A parent with that word on its command line, whose child says what signal it got. */
async function family(): Promise<{ pid: number; heard: () => Promise<string> }> {
  const child = 'trap "echo heard; exit" HUP; echo $$; while read -r _; do :; done; echo unheard'
  const line = `sh -c '${child}' <&0; exit 0`
  const parent = spawn('sh', ['-c', line, 'parent', WORD], { stdio: ['pipe', 'pipe', 'inherit'] })
  started.push(parent)
  const [chunk]: Buffer[] = await once(parent.stdout, 'data')
  return {
    pid: Number(String(chunk)),
    async heard() {
      parent.stdin.end()
      const [said]: Buffer[] = await once(parent.stdout, 'data')
      return String(said).trim()
    },
  }
}

describe('signalChildOf()', () => {
  test('signals the child of a parent that was started with the word', async () => {
    const { pid, heard } = await family()
    expect(signalChildOf({ pid, word: WORD }, 'SIGHUP')).toBe(true)
    expect(await heard()).toBe('heard')
  })

  test.each([
    ['is another', 'e'.repeat(64)],
    ['is a part of one', WORD.slice(1)],
    ['is empty', ''],
  ])('leaves a process alone where the word %s', async (_title, word) => {
    const { pid, heard } = await family()
    expect(signalChildOf({ pid, word }, 'SIGHUP')).toBe(false)
    expect(await heard()).toBe('unheard')
  })

  test.each([0, 1, -1, Number.NaN, 2 ** 30])('knows no process %d', (pid) => {
    expect(signalChildOf({ pid, word: WORD }, 'SIGHUP')).toBe(false)
  })
})
