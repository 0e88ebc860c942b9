import { expect, it } from 'vitest'
import { identityTokenUser } from '../../src/domain/identity-token.ts'
import {
  dockerRegistryFixture,
  helperFixture,
  identityTokenFixture,
  inProcessFixture,
  memoryFixture,
  mirrorFixture,
} from '../adapters/registry/fixtures.ts'
import {
  dockerRegistryInstalled,
  labHtpasswd,
  labLogin,
  startDockerRegistry,
} from '../lab/registry/docker-registry.ts'
import { startRegistry } from '../lab/registry/registry.ts'
import { registryContract, type RegistryCapabilities } from './registry.ts'

const users = { users: { [labLogin.username]: labLogin.password } }
// Who knows no identity tokens takes one for a password.
const identityUsers = { users: { ...users.users, [identityTokenUser]: labLogin.password } }
const known = { pusher: labLogin, reader: labLogin }
const open: RegistryCapabilities = {
  order: 'lexical',
  pageSize: null,
  door: 'open',
  failures: 'planned',
  digestCost: 1,
}
const closed: RegistryCapabilities = { ...open, door: 'login-needed' }

registryContract('memory', memoryFixture(null), { ...open, order: 'pushed' })
registryContract('memory, login', memoryFixture(labLogin), { ...closed, order: 'pushed' })
registryContract('in process, anonymous', inProcessFixture({}), open)
registryContract(
  'in process, pages of 2 in order of push',
  inProcessFixture({ pageSize: 2, order: 'pushed' }),
  { ...open, pageSize: 2, order: 'pushed' },
)
registryContract('in process, no digest header', inProcessFixture({ digestHeader: 'left-out' }), {
  ...open,
  digestCost: 2,
})
registryContract('in process, Basic', inProcessFixture({ kind: 'basic', ...users }, known), closed)
registryContract(
  'in process, Bearer',
  inProcessFixture({ kind: 'bearer', ...users }, known),
  closed,
)
registryContract(
  'in process, Bearer, an identity token in an auth file',
  identityTokenFixture({ kind: 'bearer', post: 'known', ...users }, labLogin),
  { ...closed, failures: 'none' },
)
registryContract(
  'in process, Bearer, an identity token for a token server that knows no POST',
  identityTokenFixture({ kind: 'bearer', post: 'unknown', ...identityUsers }, labLogin),
  { ...closed, failures: 'none' },
)
registryContract(
  'in process, Bearer for anybody',
  inProcessFixture(
    { kind: 'bearer', anonymous: 'pull', ...users },
    { pusher: labLogin, reader: null },
  ),
  open,
)

registryContract(
  'in process, Bearer, the login kept by a helper',
  helperFixture(() => startRegistry({ kind: 'bearer', ...users }), labLogin),
  { ...closed, failures: 'none' },
)
registryContract('in process, through a mirror', mirrorFixture(), { ...open, failures: 'none' })

// Version 2.8.2 knows neither pages of tags nor an order of them.
const real: RegistryCapabilities = { ...open, order: 'none', failures: 'none' }

if (await dockerRegistryInstalled()) {
  registryContract('docker-registry, anonymous', dockerRegistryFixture(null), real)
  registryContract('docker-registry, htpasswd', dockerRegistryFixture(labLogin), {
    ...real,
    door: 'login-needed',
  })
  registryContract(
    'docker-registry, htpasswd, the login kept by a helper',
    helperFixture(() => startDockerRegistry({ htpasswd: labHtpasswd }), labLogin),
    { ...real, door: 'login-needed' },
  )
} else {
  refuseOrSkip()
}

// A machine that builds must have it; elsewhere its absence is said once, aloud.
function refuseOrSkip(): void {
  const message = 'docker-registry is not installed (apt-get install docker-registry)'
  console.warn(`SKIPPED: registry contract on the real registry: ${message}`)
  it(`registryContract() tries the real registry: ${message}`, (context) => {
    expect(process.env['CI']).not.toBe('true')
    context.skip(message)
  })
}
