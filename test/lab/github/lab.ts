import { generateKeyPair, randomBytes } from 'node:crypto'
import type { KeyPairKeyObjectResult } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Lab } from './call.ts'
import { createDeliveries } from './deliveries.ts'
import type { Deliveries } from './deliveries.ts'
import { loadDescription } from './description.ts'
import type { Description } from './description.ts'
import { createFaultPlan } from './faults.ts'
import type { FaultPlan } from './faults.ts'
import { createLimiter } from './limits.ts'
import type { Limiter } from './limits.ts'
import { createApp, installing } from './lab-app.ts'
import type { Installing, NewApp } from './lab-app.ts'
import { createRepository } from './lab-repository.ts'
import type { LabRepository, NewRepository } from './lab-repository.ts'
import { pingPayload } from './payloads.ts'
import { publishPackage } from './publish-package.ts'
import type { PackageOptions } from './publish-package.ts'
import { createListener } from './server.ts'
import type { SeenRequest } from './server.ts'
import type { Account, AppRecord, State } from './state.ts'

export type { LabRepository } from './lab-repository.ts'

/** What takes long to make and may be shared by many labs. */
export interface LabParts {
  readonly description: Description
  readonly keys: KeyPairKeyObjectResult
}

export async function prepareLab(): Promise<LabParts> {
  const keys = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return { description: await loadDescription(), keys }
}

export interface LabOptions {
  readonly now?: () => number
  /** By which JWTs count; default `now`. */
  readonly signedBy?: () => number
  /** Default: made for this lab alone. */
  readonly parts?: LabParts
  /** ms until a webhook's receiver has failed; default GitHub's 10,000. */
  readonly deliveryTimeout?: number
}

/** GitHub in a box, over real bare repositories. */
export interface LabGitHub extends Installing {
  /** Root of the API, and of git over HTTP. */
  readonly url: string
  readonly state: State
  readonly requests: readonly SeenRequest[]
  /** What was outside GitHub's own descriptions, by whomever. Every test ends with none. */
  readonly violations: readonly string[]
  /** Forgets the violations, where a test makes them on purpose. */
  forgive(): void
  readonly faults: FaultPlan
  readonly deliveries: Deliveries
  readonly limiter: Limiter
  createRepository(options?: NewRepository): Promise<LabRepository>
  createApp(options?: NewApp): Promise<AppRecord>
  ping(app: AppRecord): void
  publishPackage(options: PackageOptions): Promise<void>
  /** Resolves when every request was worked off and every delivery was made. */
  settled(): Promise<void>
  close(): Promise<void>
}

export async function startGitHub({
  now = Date.now,
  signedBy = now,
  parts,
  deliveryTimeout = 10_000,
}: LabOptions = {}): Promise<LabGitHub> {
  const { description, keys } = parts ?? (await prepareLab())
  const root = await mkdtemp(join(tmpdir(), 'magos-github-'))
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const state = createState(`http://127.0.0.1:${port}`, { now, signedBy })
  const [requests, violations]: [SeenRequest[], string[]] = [[], []]
  const violate = (problem: string): void => {
    violations.push(problem)
  }
  const deliveries = createDeliveries({
    now,
    nextId: state.nextId,
    description,
    violate,
    timeout: deliveryTimeout,
    maxBytes: 25 * 1024 * 1024,
  })
  const lab: Lab = { state, deliveries, limiter: createLimiter(now) }
  const faults = createFaultPlan()
  const listener = createListener({ lab, root, description, faults, requests, violate })
  const underWay = new Set<Promise<void>>()
  server.on('request', (request, response) => {
    const done = listener(request, response)
      .catch((error: unknown) => {
        violate(`The lab broke: ${error instanceof Error ? (error.stack ?? error.message) : ''}`)
        response.destroy()
      })
      .finally(() => underWay.delete(done))
    underWay.add(done)
  })
  const settled = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.all(underWay)
    await deliveries.settled()
  }
  return {
    url: state.url,
    state,
    requests,
    violations,
    forgive() {
      violations.length = 0
    },
    faults,
    deliveries,
    limiter: lab.limiter,
    createRepository: (options = {}) => createRepository(lab, root, options),
    createApp: async (options = {}) => createApp(state, keys, options),
    ...installing(lab),
    ping(app) {
      const payload = pingPayload(state, app)
      deliveries.send({ app, event: 'ping', payload, installationId: null, repositoryId: null })
    },
    publishPackage: (options) => publishPackage(lab, options),
    settled,
    async close() {
      deliveries.close()
      server.closeAllConnections()
      await settled()
      await new Promise((resolve) => server.close(resolve))
      await rm(root, { recursive: true, force: true })
    },
  }
}

function createState(url: string, { now, signedBy }: Pick<State, 'now' | 'signedBy'>): State {
  let id = 1000
  const nextId = (): number => ++id
  const person: Account = { id: nextId(), login: 'operator', type: 'User' }
  return {
    url,
    now,
    signedBy,
    nextId,
    accounts: new Map([[person.login, person]]),
    apps: new Map(),
    installations: new Map(),
    tokens: new Map(),
    repositories: [],
    personToken: `ghp_${randomBytes(18).toString('hex')}`,
    person,
    tokenLifetime: 3_600_000,
    freshToken: { calls: 0, status: 401 },
  }
}
