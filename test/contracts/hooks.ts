import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Hooks, HookRequest } from '../../src/ports.ts'

/** Programs of a host, each with its arguments. */
export interface HooksHost {
  readonly hooks: Hooks
  readonly directory: string
  readonly programs: Readonly<Record<'says' | 'fails' | 'absent' | 'hangs', readonly string[]>>
  stop(): Promise<void>
}

const signal = new AbortController().signal

/** What every `Hooks` promises, real or in memory. */
export function hooksContract(name: string, start: () => Promise<HooksHost>): void {
  describe(`Hooks contract: ${name}`, () => {
    let host: HooksHost
    beforeAll(async () => {
      host = await start()
    })
    afterAll(async () => {
      await host.stop()
    })

    const request = (program: keyof HooksHost['programs']): HookRequest => ({
      command: host.programs[program],
      directory: host.directory,
      variables: { MAGOS_STACK: 'shop' },
      deadline: program === 'hangs' ? 200 : 20_000,
    })

    it('runs a program where its files lie, with what it is told', async () => {
      const ended = await host.hooks.run(request('says'), signal)
      expect(ended).toEqual({ outcome: 'succeeded', output: `shop in ${host.directory}\n` })
    })

    it.each([
      ['fails', /exited with 3$/],
      ['absent', /is not there$/],
      ['hangs', /was not done within 0\.2 s$/],
    ] as const)('says why one that %s is no good', async (program, reason) => {
      const ended = await host.hooks.run(request(program), signal)
      expect(ended).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(reason) })
    })

    it('rejects with `interrupted` when the signal is aborted', async () => {
      const running = host.hooks.run(request('hangs'), AbortSignal.abort())
      await expect(running).rejects.toMatchObject({ code: 'interrupted' })
    })
  })
}
