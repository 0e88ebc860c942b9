import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MagosError } from '../../src/domain/error.ts'
import type { Digest } from '../../src/domain/image-reference.ts'
import type { Credential, Registry } from '../../src/ports.ts'

export interface RegistryFixture {
  /** Asks with the credential that the registry wants. */
  readonly registry: Registry
  /** As image references name it. */
  readonly host: string
  readonly credential: Credential | null
  /** Pushes an image for two platforms; the digest is its index's, another for every version. */
  push(
    repository: string,
    tag: string,
    version: string,
    labels?: Readonly<Record<string, string>>,
  ): Promise<Digest>
  /** Pushes an image for this machine alone, without an index, in that format. */
  pushPlain(repository: string, tag: string, format: 'oci' | 'docker'): Promise<Digest>
  /** Removes an image and every tag on it. */
  remove(repository: string, digest: Digest): Promise<void>
  /** From now on nobody answers. */
  stop(): Promise<void>
  /** The same registry, asked without a login. Only where one is needed. */
  readonly stranger?: Registry
  /** Makes the next question fail so, however often its transport asks. Only with `failures`. */
  readonly fail?: (failure: RegistryFailure) => void
  /** Lets the time pass for which a registry that failed is left alone. Only with `failures`. */
  readonly rest?: () => void
  dispose(): Promise<void>
}

export type RegistryFailure = 'rate-limit' | 'network' | 'protocol' | 'unauthorized'

/** What a registry can do, so that nobody is asked for more. */
export interface RegistryCapabilities {
  /** In which order tags come. */
  readonly order: 'pushed' | 'lexical' | 'none'
  /** Tags on one page; null where everything comes at once. */
  readonly pageSize: number | null
  readonly door: 'open' | 'login-needed'
  /** Whether failures can be planned. */
  readonly failures: 'planned' | 'none'
  /** Requests for one digest: two where HEAD does not tell it. */
  readonly digestCost: 1 | 2
}

/** What every `Registry` must do: tell tags and digests as they are now, and say clearly why it cannot. */
export function registryContract(
  name: string,
  make: () => Promise<RegistryFixture>,
  capabilities: RegistryCapabilities,
): void {
  describe(`Registry contract: ${name}`, () => {
    let at: RegistryFixture
    beforeEach(async () => {
      at = await make()
    })
    afterEach(async () => {
      await at.dispose()
    })
    const current = () => at
    describeTags(current)
    if (capabilities.order !== 'none') describeOrder(current, capabilities.order)
    describeDigests(current)
    describeManifests(current)
    describeLabels(current)
    describeAccess(current)
    if (capabilities.door === 'login-needed') describeDoor(current)
    describeFailures(current, capabilities)
    describeCost(current, capabilities)
  })
}

type Current = () => RegistryFixture

const pushed = ['1.0.0', '1.10.0', '1.2.0', 'latest', '0.9', 'z', 'a']

function describeTags(at: Current): void {
  it('tags() lists every tag once, over all pages', async () => {
    for (const tag of pushed) await at().push('team/app', tag, 'one')
    const tags = await at().registry.tags(app(at()), signal())
    expect(tags.toSorted()).toEqual(pushed.toSorted())
  })

  it('tags() sees a new tag at once', async () => {
    await at().push('team/app', '1', 'one')
    expect(await at().registry.tags(app(at()), signal())).toEqual(['1'])
    await at().push('team/app', '2', 'two')
    expect((await at().registry.tags(app(at()), signal())).toSorted()).toEqual(['1', '2'])
  })

  it('tags() of one repository holds nothing of another', async () => {
    await at().push('team/app', '1', 'one')
    await at().push('team/app/web', '2', 'one')
    expect(await at().registry.tags(app(at()), signal())).toEqual(['1'])
  })

  it('tags() throws not-found for a repository that was never pushed', async () => {
    const missing = { registry: at().host, repository: 'team/missing' }
    expect(await failure(at().registry.tags(missing, signal()))).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining(`${at().host}/team/missing`),
    })
  })
}

function describeOrder(at: Current, order: 'pushed' | 'lexical'): void {
  it('tags() keeps the order of the registry', async () => {
    for (const tag of pushed) await at().push('team/app', tag, 'one')
    const expected = order === 'pushed' ? pushed : pushed.toSorted()
    expect(await at().registry.tags(app(at()), signal())).toEqual(expected)
  })
}

function describeDigests(at: Current): void {
  it('digest() returns the digest of the index that a tag names', async () => {
    const digest = await at().push('team/app', '1', 'one')
    expect(await at().registry.digest(app(at()), '1', signal())).toBe(digest)
  })

  for (const format of ['oci', 'docker'] as const) {
    it(`digest() returns the digest of a single ${format} manifest`, async () => {
      const digest = await at().pushPlain('team/app', '1', format)
      expect(await at().registry.digest(app(at()), '1', signal())).toBe(digest)
    })
  }

  it('digest() follows a moved tag', async () => {
    const before = await at().push('team/app', 'latest', 'one')
    expect(await at().registry.digest(app(at()), 'latest', signal())).toBe(before)
    const after = await at().push('team/app', 'latest', 'two')
    expect(after).not.toBe(before)
    expect(await at().registry.digest(app(at()), 'latest', signal())).toBe(after)
  })

  it('digest() confirms a digest that is there, also without a tag', async () => {
    const digest = await at().push('team/app', 'latest', 'one')
    await at().push('team/app', 'latest', 'two')
    expect(await at().registry.digest(app(at()), digest, signal())).toBe(digest)
  })

  it('digest() throws not-found for an unknown tag, naming it', async () => {
    await at().push('team/app', '1', 'one')
    expect(await failure(at().registry.digest(app(at()), '9.9.9', signal()))).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('team/app:9.9.9'),
    })
  })

  it('digest() throws not-found for a digest that was removed', async () => {
    const digest = await at().push('team/app', '1', 'one')
    await at().push('team/app', '2', 'two')
    await at().remove('team/app', digest)
    const asked = failure(at().registry.digest(app(at()), digest, signal()))
    expect(await asked).toMatchObject({ code: 'not-found' })
    expect(await at().registry.tags(app(at()), signal())).toEqual(['2'])
  })
}

function describeManifests(at: Current): void {
  it('manifest() tells the platforms of an index, each with its own digest', async () => {
    const digest = await at().push('team/app', '1', 'one')
    const { mediaType, platforms } = await at().registry.manifest(app(at()), digest, signal())
    expect(mediaType).toMatch(/index|list/)
    expect(platforms.map(({ os, architecture }) => `${os}/${architecture}`).toSorted()).toEqual([
      'linux/amd64',
      'linux/arm64',
    ])
    const digests = new Set(platforms.map((one) => one.digest))
    expect(digests.size).toBe(2)
    expect(digests.has(digest)).toBe(false)
  })

  it('manifest() asks once for what never changes', async () => {
    const digest = await at().push('team/app', '1', 'one')
    const first = await at().registry.manifest(app(at()), digest, signal())
    const before = at().registry.requests()
    expect(await at().registry.manifest(app(at()), digest, signal())).toEqual(first)
    expect(at().registry.requests()).toBe(before)
  })

  it('manifest() throws not-found for a digest that is not there, and asks again later', async () => {
    await at().push('team/app', '0', 'zero')
    const missing: Digest = `sha256:${'0'.repeat(64)}`
    for (const attempt of [1, 2]) {
      const error = await failure(at().registry.manifest(app(at()), missing, signal()))
      expect([attempt, error.code]).toEqual([attempt, 'not-found'])
      expect(error.message).toContain('team/app')
    }
  })
}

function describeLabels(at: Current): void {
  it('labels() tells what a platform’s image says of itself, and nothing of an index', async () => {
    const labels = { 'org.opencontainers.image.source': 'https://github.com/o/app' }
    const digest = await at().push('team/app', '1', 'one', labels)
    const { platforms } = await at().registry.manifest(app(at()), digest, signal())
    for (const platform of platforms) {
      expect(await at().registry.labels(app(at()), platform.digest, signal())).toEqual(labels)
    }
    expect(await at().registry.labels(app(at()), digest, signal())).toEqual({})
  })

  it('labels() asks once for what never changes', async () => {
    const labels = { 'org.opencontainers.image.source': 'https://github.com/o/app' }
    const digest = await at().push('team/app', '1', 'one', labels)
    const [platform] = (await at().registry.manifest(app(at()), digest, signal())).platforms
    if (platform === undefined) throw new Error('the image has no platform')
    const first = await at().registry.labels(app(at()), platform.digest, signal())
    const before = at().registry.requests()
    expect(await at().registry.labels(app(at()), platform.digest, signal())).toEqual(first)
    expect(first).toEqual(labels)
    expect(at().registry.requests()).toBe(before)
  })

  it('labels() throws not-found for a digest that is not there', async () => {
    await at().push('team/app', '0', 'zero')
    const missing: Digest = `sha256:${'0'.repeat(64)}`
    const error = await failure(at().registry.labels(app(at()), missing, signal()))
    expect(error).toMatchObject({ code: 'not-found' })
  })
}

function describeAccess(at: Current): void {
  it('credential() returns what questions are asked with', async () => {
    expect(await at().registry.credential(app(at()), signal())).toEqual(at().credential)
  })
}

function describeDoor(at: Current): void {
  it('tags() and digest() throw unauthorized without a login', async () => {
    await at().push('team/app', '1', 'one')
    const stranger = at().stranger
    if (stranger === undefined) throw new Error('The fixture has no stranger')
    expect(await stranger.credential(app(at()), signal())).toBeNull()
    const errors = [
      await failure(stranger.tags(app(at()), signal())),
      await failure(stranger.digest(app(at()), '1', signal())),
    ]
    for (const error of errors) {
      expect(error).toMatchObject({
        code: 'unauthorized',
        message: expect.stringContaining('team/app'),
        remedy: expect.stringContaining(at().host),
      })
    }
  })
}

function describeFailures(at: Current, { failures }: RegistryCapabilities): void {
  const codes: readonly RegistryFailure[] = ['rate-limit', 'network', 'protocol', 'unauthorized']
  for (const code of failures === 'planned' ? codes : []) {
    it(`tags() and digest() throw ${code}, and recover`, async () => {
      const digest = await at().push('team/app', '1', 'one')
      at().fail?.(code)
      expect(await failure(at().registry.tags(app(at()), signal()))).toMatchObject({ code })
      at().rest?.()
      at().fail?.(code)
      expect(await failure(at().registry.digest(app(at()), '1', signal()))).toMatchObject({ code })
      at().rest?.()
      expect(await at().registry.tags(app(at()), signal())).toEqual(['1'])
      expect(await at().registry.digest(app(at()), '1', signal())).toBe(digest)
    })
  }

  it('tags() and digest() throw network when nobody answers', async () => {
    await at().push('team/app', '1', 'one')
    await at().stop()
    const error = await failure(at().registry.tags(app(at()), signal()))
    expect(error).toMatchObject({ code: 'network' })
    expect(await failure(at().registry.digest(app(at()), '1', signal()))).toMatchObject({
      code: 'network',
    })
  })

  it('tags() and digest() reject with the reason of their signal', async () => {
    await at().push('team/app', '1', 'one')
    const reason = new Error('enough')
    const aborted = AbortSignal.abort(reason)
    await expect(at().registry.tags(app(at()), aborted)).rejects.toBe(reason)
    await expect(at().registry.digest(app(at()), '1', aborted)).rejects.toBe(reason)
    const controller = new AbortController()
    const underway = at().registry.digest(app(at()), '1', controller.signal)
    controller.abort(reason)
    await expect(underway).rejects.toBe(reason)
  })
}

function describeCost(at: Current, { pageSize, digestCost }: RegistryCapabilities): void {
  it(`digest() of 20 repositories costs ${20 * digestCost} requests once their access is known`, async () => {
    const names = Array.from({ length: 20 }, (_, index) => ({
      registry: at().host,
      repository: `team/app-${index}`,
    }))
    await Promise.all(names.map((name) => at().pushPlain(name.repository, '1', 'oci')))
    const ask = () => Promise.all(names.map((name) => at().registry.digest(name, '1', signal())))
    const cold = await ask()
    const before = at().registry.requests()
    expect(await ask()).toEqual(cold)
    expect(at().registry.requests() - before).toBe(20 * digestCost)
  })

  it('tags() costs one request a page', async () => {
    for (const tag of ['1', '2', '3', '4', '5']) await at().push('team/app', tag, 'one')
    await at().registry.tags(app(at()), signal())
    const before = at().registry.requests()
    await at().registry.tags(app(at()), signal())
    expect(at().registry.requests() - before).toBe(pageSize === null ? 1 : Math.ceil(5 / pageSize))
  })
}

function app({ host }: RegistryFixture) {
  return { registry: host, repository: 'team/app' }
}

async function failure(promise: Promise<unknown>): Promise<MagosError> {
  try {
    await promise
  } catch (thrown) {
    if (thrown instanceof MagosError) return thrown
    throw thrown
  }
  throw new Error('It did not fail')
}

function signal(): AbortSignal {
  return AbortSignal.timeout(10_000)
}
