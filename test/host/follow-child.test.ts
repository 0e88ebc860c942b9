import { describe, expect, test } from 'vitest'
import { createFollowChild } from '../../src/host/follow-child.ts'
import { startTimeOf } from '../../src/host/process-group.ts'

const environment = { PATH: process.env['PATH'], SECRET: 'planted' }
const node = (code: string) => [process.execPath, ['-e', code]] as const
const signal = new AbortController().signal

async function readAll(code: string) {
  const [command, args] = node(code)
  const lines = createFollowChild({ environment })(command, args, { signal })
  const read: string[] = []
  for (;;) {
    const next = await lines.next()
    if (next.done) return { read, end: next.value }
    read.push(next.value)
  }
}

describe('createFollowChild()', () => {
  test('yields the lines of stdout, and what was said on stderr at the end', async () => {
    expect(
      await readAll(`console.log('a\\nb'); console.error('oh'); process.stdout.write('c')`),
    ).toEqual({
      read: ['a', 'b', 'c'],
      end: { outcome: 'ended', stderr: 'oh\n' },
    })
  })

  test('gives the child nothing of ours', async () => {
    const { read } = await readAll(`console.log(process.env.SECRET ?? 'none')`)
    expect(read).toEqual(['none'])
  })

  test('says so where there is no such program', async () => {
    const lines = createFollowChild({ environment })('no-such-program', [], { signal })
    expect(await lines.next()).toEqual({ done: true, value: { outcome: 'absent', stderr: '' } })
  })

  test.each(['a reader that stops', 'an abort'])(
    'ends the child with %s, and journals it',
    async (how) => {
      const journal: string[] = []
      let child = 0
      const ending = new AbortController()
      const follow = createFollowChild({
        environment,
        journal: {
          started: (pid) => {
            child = pid
            journal.push('started')
          },
          ended: () => journal.push('ended'),
        },
      })
      const lines = follow(...node(`console.log('up'); setInterval(() => {}, 1000)`), {
        signal: ending.signal,
      })
      expect(await lines.next()).toEqual({ done: false, value: 'up' })
      expect(startTimeOf(child)).not.toBeNull()
      const next =
        how === 'an abort' ? lines.next() : lines.return({ outcome: 'ended', stderr: '' })
      if (how === 'an abort') ending.abort()
      expect(await next).toMatchObject({ done: true })
      expect(startTimeOf(child)).toBeNull()
      expect(journal).toEqual(['started', 'ended'])
    },
  )
})
