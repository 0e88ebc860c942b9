import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  createHostGate,
  type HostGate,
  type Leave,
} from '../../../src/adapters/registry/host-gate.ts'
import type { Kind } from '../../../src/adapters/registry/budget.ts'
import { MagosError } from '../../../src/domain/error.ts'
import type { Digest } from '../../../src/domain/image-reference.ts'
import type { HttpRequest } from '../../../src/host/http-exchange.ts'
import { registryWith } from './fixtures.ts'
import { createScriptedHttp, type ScriptedAnswer } from './scripted-http.ts'

const never = new AbortController().signal
const name = { registry: 'docker.io', repository: 'library/app' }
const hours = 3_600_000

let now: number
let gate: HostGate
beforeEach(() => {
  now = Date.parse('2026-11-23T12:00:00Z')
  gate = createHostGate({ now: () => now })
})

const settled = () => new Promise((resolve) => void setImmediate(resolve))

/** Docker Hub, as far as it counts: GETs of manifests, so many in any six hours. */
function startHub(limit: number) {
  const pulls: number[] = []
  const manifests = new Map<string, string>()
  const remaining = () => limit - pulls.filter((at) => at > now - 6 * hours).length
  const answer = ({ method, target }: HttpRequest): ScriptedAnswer => {
    if (target.path.includes('/tags/')) return { body: '{"tags":["1"]}' }
    const asked = target.path.slice(target.path.lastIndexOf('/') + 1)
    const isCounted = method === 'GET'
    const isRefused = isCounted && remaining() === 0
    if (isCounted && !isRefused) pulls.push(now)
    const told = {
      'ratelimit-limit': `${limit};w=21600`,
      'ratelimit-remaining': `${remaining()};w=21600`,
      'docker-content-digest': asked.startsWith('sha256:') ? asked : digestOf('{}'),
    }
    if (isRefused)
      return { status: 429, headers: told, body: '{"errors":[{"code":"TOOMANYREQUESTS"}]}' }
    return { headers: told, body: isCounted ? (manifests.get(asked) ?? '{}') : '' }
  }
  const http = createScriptedHttp({ 'https://registry-1.docker.io': answer })
  const registry = registryWith(http, null, () => now)
  return {
    registry,
    remaining,
    /** A person's own. */
    pull: (times: number) => void pulls.push(...Array.from({ length: times }, () => now)),
    sent: (method: string, part: string) =>
      http.sent().filter((one) => one.method === method && one.target.path.includes(part)).length,
    /** Asks for the manifests of so many images that nobody asked for yet. */
    read: (count: number) =>
      Array.from({ length: count }, async (): Promise<string> => {
        const body = JSON.stringify({ schemaVersion: 2, manifests: [], number: manifests.size })
        manifests.set(digestOf(body), body)
        return outcome(registry.manifest(name, digestOf(body), never))
      }),
  }
}

function digestOf(body: string): Digest {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`
}

async function outcome(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'read',
    (thrown: unknown) => (thrown instanceof MagosError ? thrown.code : String(thrown)),
  )
}

const enter = async (kind: Kind, signal = never) => gate.enter('a', kind, signal)
const answer = (headers: Record<string, string>, status = 200) =>
  ({ kind: 'answered', response: { status, headers, body: Buffer.alloc(0) } }) as const
const plain = (remaining: number, reset = '60') =>
  answer({
    'ratelimit-limit': '50',
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': reset,
  })
const pulls = (remaining: number) =>
  answer({ 'ratelimit-limit': '50;w=600', 'ratelimit-remaining': `${remaining};w=600` })

describe('at Docker Hub', () => {
  it('manifest() of 500 images sends nothing that counts where none is left, and what is free goes on', async () => {
    const hub = startHub(100)
    hub.pull(100)
    await hub.registry.digest(name, '1', never)
    const outcomes = await Promise.all(hub.read(500))
    expect(new Set(outcomes)).toEqual(new Set(['rate-limit']))
    expect(hub.sent('GET', '/manifests/')).toBe(0)
    expect(await hub.registry.tags(name, never)).toEqual(['1'])
    await hub.registry.digest(name, '1', never)
    expect(hub.sent('HEAD', '/manifests/')).toBe(2)
  })

  it('manifest() says what is left, for whom, and when it is asked again', async () => {
    const hub = startHub(100)
    hub.pull(96)
    await hub.registry.digest(name, '1', never)
    await expect(hub.registry.manifest(name, digestOf('x'), never)).rejects.toMatchObject({
      code: 'rate-limit',
      message: expect.stringContaining(
        '"registry-1.docker.io" has 4 of 100 pulls left, which Magos leaves to you and to deployments: it is asked again by 2026-11-23 18:00 UTC',
      ),
      retryAt: now + 6 * hours,
      remedy: expect.stringContaining('Log in there'),
    })
  })

  it('manifest() of 500 images leaves the last tenth to others, however many ask at once', async () => {
    const hub = startHub(100)
    await hub.registry.digest(name, '1', never)
    const outcomes = await Promise.all(hub.read(500))
    expect(outcomes.filter((one) => one === 'read')).toHaveLength(90)
    expect(hub.remaining()).toBe(10)
  })

  it('manifest() goes on when the window is over, and when a free answer tells of more', async () => {
    const hub = startHub(100)
    hub.pull(50)
    now += 3 * hours
    hub.pull(50)
    await hub.registry.digest(name, '1', never)
    expect(await Promise.all(hub.read(3))).toEqual(['rate-limit', 'rate-limit', 'rate-limit'])
    now += 3 * hours + 1
    expect(await Promise.all(hub.read(1))).toEqual(['rate-limit'])
    await hub.registry.digest(name, '1', never)
    expect(new Set(await Promise.all(hub.read(40)))).toEqual(new Set(['read']))
    expect(await Promise.all(hub.read(1))).toEqual(['rate-limit'])
    now += 6 * hours
    expect(new Set(await Promise.all(hub.read(90)))).toEqual(new Set(['read']))
    expect(hub.remaining()).toBe(10)
  })

  it('manifest() that is refused because others took the rest shuts nothing that is free', async () => {
    const hub = startHub(100)
    await hub.registry.digest(name, '1', never)
    for (let time = 0; time < 8; time += 1) {
      hub.pull(hub.remaining())
      expect(await Promise.all(hub.read(1))).toEqual(['rate-limit'])
    }
    expect(hub.sent('GET', '/manifests/')).toBe(1)
    expect(await hub.registry.tags(name, never)).toEqual(['1'])
  })
})

describe('a host that tells what it allows', () => {
  it('enter() counts every request where plain numbers are told', async () => {
    ;(await enter('look'))(plain(5))
    for (const kind of ['look', 'pull'] as const) {
      await expect(enter(kind)).rejects.toMatchObject({ code: 'rate-limit', retryAt: now + 60_000 })
    }
    await expect(Promise.resolve(gate.enter('b', 'look', never))).resolves.toBeTypeOf('function')
    now += 60_000
    await expect(enter('look')).resolves.toBeTypeOf('function')
  })

  it('enter() lets in no more at once than may be spent, and the next for each that came back', async () => {
    ;(await enter('look'))(plain(7))
    const inside: Leave[] = []
    const entering = Array.from({ length: 4 }, async () => void inside.push(await enter('look')))
    await settled()
    expect(inside).toHaveLength(2)
    // As many as before: another's came back.
    inside.shift()?.(plain(7))
    await settled()
    expect(inside).toHaveLength(2)
    inside.shift()?.(plain(50))
    await Promise.all(entering)
    expect(inside).toHaveLength(2)
  })

  it('enter() turns away whoever stood in line when the last was spent', async () => {
    ;(await enter('look'))(plain(6))
    const leave = await enter('look')
    const waiting = Array.from({ length: 20 }, () => outcome(enter('look')))
    leave(plain(5))
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['rate-limit']))
  })

  for (const ending of [
    answer({}),
    { kind: 'failed', reason: 'cut' },
    { kind: 'dropped' },
  ] as const) {
    it(`enter() takes for spent what ended as ${JSON.stringify(ending)}`, async () => {
      ;(await enter('look'))(pulls(6))
      // What is free tells nothing of them.
      ;(await enter('look'))(ending)
      ;(await enter('pull'))(ending)
      await expect(enter('pull')).rejects.toMatchObject({ code: 'rate-limit' })
    })
  }

  it('enter() waits where more is allowed in a moment, and holds up nothing that is free', async () => {
    const reset = { 'ratelimit-reset': String(now / 1000 + 1) }
    now += 970
    ;(await enter('look'))(answer({ ...pulls(0).response.headers, ...reset }))
    const waiting = Array.from({ length: 9 }, () => enter('pull'))
    const started = performance.now()
    await Promise.all(Array.from({ length: 8 }, () => enter('look'))).then((leaves) =>
      leaves.forEach((leave) => leave(answer({}))),
    )
    now += 30
    for (const entered of waiting) (await entered)(answer({}))
    expect(performance.now() - started).toBeGreaterThanOrEqual(28)
  })

  it('enter() goes on with what is free behind a 429 for pulls, and obeys its time', async () => {
    gate = createHostGate({ now: () => now, patience: 1 })
    const { headers } = pulls(0).response
    ;(await enter('look'))(pulls(40))
    ;(await enter('pull'))(answer(headers, 429))
    ;(await enter('look'))(answer({}))
    await expect(enter('pull')).rejects.toMatchObject({ retryAt: now + 600_000 })
    now += 600_000
    ;(await enter('pull'))(answer({ ...headers, 'retry-after': '20' }, 429))
    ;(await enter('look'))(answer({}))
    await expect(enter('pull')).rejects.toMatchObject({
      message: '"a" has 0 of 50 pulls left: it is asked again by 2026-11-23 12:11 UTC',
      retryAt: now + 20_000,
    })
  })

  it('enter() takes a 429 for pulls as the sign that a host is well', async () => {
    gate = createHostGate({ now: () => now, patience: 2 })
    const failed = { kind: 'failed', reason: 'cut' } as const
    ;(await enter('look'))(failed)
    ;(await enter('pull'))(answer(pulls(0).response.headers, 429))
    ;(await enter('look'))(failed)
    await expect(enter('look')).resolves.toBeTypeOf('function')
  })

  for (const [title, ending] of [
    ['a 429 that speaks of no pulls', answer(pulls(40).response.headers, 429)],
    ['a failure', answer(pulls(0).response.headers, 503)],
  ] as const) {
    it(`enter() judges a host by ${title}, whatever it allows`, async () => {
      gate = createHostGate({ now: () => now, patience: 1 })
      ;(await enter('pull'))(ending)
      expect(await outcome(enter('look'))).toBe('network')
    })
  }

  it('enter() leaves the line when its signal says so, and loses no share', async () => {
    ;(await enter('look'))(plain(6))
    const leave = await enter('look')
    const controller = new AbortController()
    const reason = new Error('enough')
    const left = enter('look', controller.signal)
    const stayed = enter('look')
    controller.abort(reason)
    await expect(left).rejects.toBe(reason)
    leave(plain(50))
    await expect(stayed).resolves.toBeTypeOf('function')
  })

  it('enter() gives its share back where the host wants rest meanwhile', async () => {
    ;(await enter('look'))(plain(6))
    const leave = await enter('look')
    const waiting = outcome(enter('look'))
    leave(answer({ ...plain(6).response.headers, 'retry-after': '30' }, 429))
    expect(await waiting).toBe('rate-limit')
    now += 30_000
    await expect(enter('look')).resolves.toBeTypeOf('function')
  })
})
