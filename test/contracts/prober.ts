import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Prober } from '../../src/ports.ts'

/** Somewhere to try: each says what has to come of it. */
export interface ProberHost {
  readonly prober: Prober
  /** A port that takes connections, and one that does not. */
  readonly open: { readonly host: string; readonly port: number }
  readonly closed: { readonly host: string; readonly port: number }
  /** An address that answers with the status, and one that does not answer. */
  url(status: number): string
  readonly silent: string
  /** A container in which `true` succeeds and `false` fails. */
  readonly container: string
  stop(): Promise<void>
}

const signal = new AbortController().signal

/** What every `Prober` promises, real or in memory. */
export function proberContract(name: string, start: () => Promise<ProberHost>): void {
  describe(`Prober contract: ${name}`, () => {
    let host: ProberHost
    beforeAll(async () => {
      host = await start()
    })
    afterAll(async () => {
      await host.stop()
    })

    it('finds an open port, and says why a closed one is none', async () => {
      expect(await host.prober.attempt({ kind: 'tcp', ...host.open }, signal)).toBeNull()
      expect(await host.prober.attempt({ kind: 'published', ...host.open }, signal)).toBeNull()
      const refused = await host.prober.attempt({ kind: 'tcp', ...host.closed }, signal)
      expect(refused).toBe('connection refused')
    })

    it.each([
      [200, null, null],
      [204, null, null],
      [302, null, 'status 302, not 200 to 299'],
      [503, null, 'status 503, not 200 to 299'],
      [401, 401, null],
      [200, 401, 'status 200, not 401'],
    ])('is answered with %i where %j is wanted: %j', async (status, wanted, expected) => {
      const attempt = { kind: 'http', url: host.url(status), status: wanted } as const
      expect(await host.prober.attempt(attempt, signal)).toBe(expected)
    })

    it('says that nobody answered', async () => {
      const attempt = { kind: 'http', url: host.silent, status: null } as const
      expect(await host.prober.attempt(attempt, signal)).toMatch(/^nothing within [\d.]+ s$/)
    })

    it('runs a command in a container', async () => {
      const { container } = host
      const run = (...command: string[]) =>
        host.prober.attempt({ kind: 'exec', container, command }, signal)
      expect(await run('true')).toBeNull()
      expect(await run('false')).toBe('exit code 1')
    })

    it('rejects with `interrupted` when the signal is aborted', async () => {
      const attempt = host.prober.attempt({ kind: 'tcp', ...host.open }, AbortSignal.abort())
      await expect(attempt).rejects.toMatchObject({ code: 'interrupted' })
    })
  })
}
