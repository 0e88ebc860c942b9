import { describe, expect, it } from 'vitest'
import { MagosError } from '../../../src/domain/error.ts'
import type { Registry } from '../../../src/ports.ts'
import { type Ask, playTranscript, type Transcript } from '../../lab/registry/transcript.ts'
import { cloud } from '../../lab/registry/transcripts/cloud.ts'
import { dockerHub } from '../../lab/registry/transcripts/docker-hub.ts'
import { ghcr } from '../../lab/registry/transcripts/ghcr.ts'
import { hosted } from '../../lab/registry/transcripts/hosted.ts'
import { selfHosted } from '../../lab/registry/transcripts/self-hosted.ts'
import { registryWith } from './fixtures.ts'

const now = Date.parse('2026-11-23T12:00:00Z')

describe('createRegistry() speaks as is documented', () => {
  for (const transcript of [ghcr, dockerHub, hosted, selfHosted, cloud].flat()) {
    const { title, asks, sources, login, exchanges } = transcript
    it(`createRegistry() plays ${title}`, async () => {
      expect(sources.every((source) => URL.canParse(source))).toBe(true)
      const http = playTranscript(transcript)
      const registry = registryWith(http, login, () => now)
      const heard: Ask[] = []
      for (const ask of asks) heard.push(await hear(registry, transcript, ask))
      expect(heard).toEqual(asks)
      expect(http.left()).toBe(0)
      expect(registry.requests()).toBe(exchanges.length)
    })
  }
})

/** What was asked for, with the answer that came. */
async function hear(registry: Registry, { name }: Transcript, ask: Ask): Promise<Ask> {
  const signal = AbortSignal.timeout(5000)
  try {
    if ('digestOf' in ask) {
      const { digestOf } = ask
      return { digestOf, digest: await registry.digest(name, digestOf, signal) }
    }
    return { tags: await registry.tags(name, signal) }
  } catch (thrown) {
    if (!(thrown instanceof MagosError)) throw thrown
    const { code, retryAt } = thrown
    return { tagsFail: { code, ...(retryAt === undefined ? {} : { retryAfter: retryAt - now }) } }
  }
}
