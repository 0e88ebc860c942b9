/** docker, held by the contracts of its ports on a real engine, wherever one can be started. */
import { describe, expect, test } from 'vitest'
import { composeContract } from '../contracts/compose.ts'
import { engineContract } from '../contracts/engine.ts'
import { dockerTrouble } from '../lab/engine/docker-programs.ts'
import { startRealHost } from '../lab/engine/host.ts'

const trouble = dockerTrouble()
/** There root is expected to have brought it. */
const isDue = process.env['CI'] === 'true' && process.getuid?.() === 0

test.skipIf(trouble !== null && !isDue)(`docker is here, or why not: ${trouble ?? 'it is'}`, () => {
  expect(trouble).toBeNull()
})

describe.each(trouble === null ? ['docker'] : [])('%s', (runtime) => {
  engineContract(runtime, () => startRealHost({ runtime: 'docker' }))
  composeContract(`Compose v2 on ${runtime}`, () => startRealHost({ runtime: 'docker' }))
})
