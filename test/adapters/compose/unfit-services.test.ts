import { describe, expect, it } from 'vitest'
import { withAbsoluteProfiles } from '../../../src/adapters/compose/seccomp-profiles.ts'
import { refuseUnfitServices } from '../../../src/adapters/compose/unfit-services.ts'

const podman = { runtime: 'podman', provider: { name: 'docker-compose' } } as const
const python = { runtime: 'podman', provider: { name: 'podman-compose' } } as const
const docker = { runtime: 'docker', provider: { name: 'docker-compose' } } as const
const stack = (web: object) => ({ services: { db: { image: 'd' }, web: { ...web } } })

describe('refuseUnfitServices()', () => {
  const profiled = stack({ security_opt: ['label=disable', 'seccomp:/srv/shop/p.json'] })

  it('refuses a seccomp profile that Compose would hand to podman', () => {
    expect(() => refuseUnfitServices(podman, profiled)).toThrow(
      expect.objectContaining({
        code: 'compose',
        message:
          'Deploy service "web": podman takes no seccomp profile from Docker Compose, "seccomp:/srv/shop/p.json"',
        remedy: expect.stringContaining('PODMAN_COMPOSE_PROVIDER=podman-compose'),
      }),
    )
  })

  it.each([python, docker])('lets %j have it', (deployer) => {
    expect(() => refuseUnfitServices(deployer, profiled)).not.toThrow()
  })

  it.each(['seccomp=unconfined', 'seccomp:builtin', 'no-new-privileges:true', 'label=disable'])(
    'minds nothing in %s',
    (option) => {
      expect(() => refuseUnfitServices(podman, stack({ security_opt: [option] }))).not.toThrow()
      expect(() => refuseUnfitServices(podman, stack({ security_opt: option }))).not.toThrow()
    },
  )

  it.each(['service:db', 'host', 'container:other'])('refuses init beside pid: %s', (pid) => {
    for (const deployer of [podman, python]) {
      expect(() => refuseUnfitServices(deployer, stack({ init: true, pid }))).toThrow(
        expect.objectContaining({
          code: 'compose',
          message: expect.stringMatching(`"init: true" with "pid: ${pid}"$`),
          remedy: expect.stringContaining('Do without "init: true"'),
        }),
      )
    }
    expect(() => refuseUnfitServices(docker, stack({ init: true, pid }))).not.toThrow()
    expect(() => refuseUnfitServices(podman, stack({ pid }))).not.toThrow()
    expect(() => refuseUnfitServices(podman, stack({ init: false, pid }))).not.toThrow()
  })

  it('minds no init in a namespace of its own', () => {
    expect(() => refuseUnfitServices(podman, stack({ init: true }))).not.toThrow()
    expect(() => refuseUnfitServices(podman, stack({ init: true, pid: 'private' }))).not.toThrow()
  })
})

describe('withAbsoluteProfiles()', () => {
  it.each([
    ['seccomp:./p.json', 'seccomp:/copy/apps/web/p.json'],
    ['seccomp=../p.json', 'seccomp=/copy/apps/p.json'],
    ['seccomp=/etc/p.json', 'seccomp=/etc/p.json'],
    ['seccomp=~/p.json', 'seccomp=~/p.json'],
    ['seccomp=unconfined', 'seccomp=unconfined'],
    ['label=./x', 'label=./x'],
  ])('makes of %s %s', (option, expected) => {
    const { services } = withAbsoluteProfiles(stack({ security_opt: [option] }), '/copy/apps/web')
    expect(services).toEqual({ db: { image: 'd' }, web: { security_opt: [expected] } })
  })
})
