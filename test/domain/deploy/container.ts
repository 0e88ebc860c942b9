import type { DesiredService } from '../../../src/domain/deploy/desired-state.ts'
import { LABEL } from '../../../src/domain/deploy/labels.ts'
import type { ObservedContainer, ObservedState } from '../../../src/domain/deployment.ts'
import { parseImageReference } from '../../../src/domain/image-reference.ts'

export const DIGEST_A = `sha256:${'a'.repeat(64)}` as const
export const DIGEST_B = `sha256:${'b'.repeat(64)}` as const

/** A service as the tests want it: pinned to DIGEST_A, hash `h1`, one replica. */
export function service(over: Partial<DesiredService> = {}): DesiredService {
  return {
    name: 'web',
    image: parseImageReference(`ghcr.io/o/app:1.0.0@${DIGEST_A}`),
    source: 'pulled',
    pull: 'always',
    hash: 'h1',
    replicas: 1,
    reloads: [],
    lasting: null,
    ties: [],
    ...over,
  }
}

/** The container that satisfies `service()`. */
export function container(over: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: 'c1',
    name: 'shop-web-1',
    project: 'shop',
    service: 'web',
    state: 'running',
    health: 'healthy',
    exitCode: 0,
    restartCount: 0,
    startedAt: 1_000,
    image: `ghcr.io/o/app@${DIGEST_A}`,
    digests: [DIGEST_A],
    labels: { [LABEL.hash]: 'h1', [LABEL.stack]: 'shop' },
    imageId: 'a'.repeat(64),
    restarts: 'no',
    ports: [],
    joins: [],
    ...over,
  }
}

export function look(at: number, ...containers: ObservedContainer[]): ObservedState {
  return { at, containers }
}
