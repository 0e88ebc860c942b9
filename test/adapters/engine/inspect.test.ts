import { describe, expect, it } from 'vitest'
import { readContainer, readImage } from '../../../src/adapters/engine/inspect.ts'
import * as shapes from './shapes.ts'

const STARTED = Date.parse('2026-11-23T14:31:13.025Z')

describe('readContainer()', () => {
  it('reads podman 4.3', () => {
    const read = readContainer(shapes.PODMAN_4_3)
    expect(read?.container).toEqual({
      id: shapes.ID,
      name: 'shop-web-1',
      project: 'shop',
      service: 'web',
      state: 'running',
      health: 'starting',
      exitCode: 0,
      restartCount: 0,
      startedAt: STARTED,
      image: `127.0.0.1:5010/t/app@${shapes.INDEX}`,
      digests: [shapes.PLATFORM, shapes.INDEX],
      labels: shapes.PODMAN_4_3.Config.Labels,
      imageId: shapes.IMAGE,
      restarts: 'no',
      ports: [],
      joins: [],
    })
    expect(read?.container.imageId).toBe(shapes.IMAGE)
    expect(read?.check).toEqual({ interval: 1000, startPeriod: 0, retries: 3 })
  })

  it.each([
    ['podman 4', shapes.PODMAN_4_UNCHECKED, 'no'],
    ['podman 5 and 6', shapes.PODMAN_5_UNCHECKED, 'unless-stopped'],
  ])('reads a container without a health check of %s', (_name, document, restarts) => {
    const read = readContainer(document)
    expect(read?.check).toBeNull()
    expect(read?.container).toMatchObject({ health: 'none', startedAt: STARTED, restarts })
  })

  it('reads whose namespaces it uses, and how long podman keeps them', () => {
    const HostConfig = {
      ...shapes.PODMAN_4_3.HostConfig,
      NetworkMode: 'container:abc',
      IpcMode: 'shareable',
      PidMode: 'container:abc',
    }
    const joins = (document: object) =>
      readContainer({ ...shapes.PODMAN_4_3, ...document, HostConfig })?.container.joins
    expect(joins({ Dependencies: ['abc'] })).toEqual([
      { container: 'abc', what: 'network', lasts: 'over-crashes' },
      { container: 'abc', what: 'pid', lasts: 'one-start' },
    ])
    expect(joins({})?.map(({ lasts }) => lasts)).toEqual(['one-start', 'one-start'])
  })

  it.each([
    ['True', null],
    ['False', 'shop-web-1'],
  ])('passes over what `compose run` made, which its label tells: %s', (oneoff, name) => {
    const { Config } = shapes.PODMAN_4_3
    const Labels = { ...Config.Labels, 'com.docker.compose.oneoff': oneoff }
    const read = readContainer({ ...shapes.PODMAN_4_3, Config: { ...Config, Labels } })
    expect(read?.container.name ?? null).toBe(name)
  })

  it.each([
    ['null for none', null, []],
    [
      'an address of its own',
      { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] },
      ['127.0.0.1 8080 tcp'],
    ],
    [
      'both families',
      {
        '53/udp': [
          { HostIp: '0.0.0.0', HostPort: '53' },
          { HostIp: '::', HostPort: '53' },
        ],
      },
      ['0.0.0.0 53 udp', ':: 53 udp'],
    ],
    ['every address', { '80/tcp': [{ HostIp: '', HostPort: '80' }] }, [' 80 tcp']],
    ['what is exposed only', { '80/tcp': null, '443/tcp': [] }, []],
    ['what has no host port yet', { '80/tcp': [{ HostIp: '', HostPort: '' }] }, []],
  ])('reads published ports: %s', (_name, Ports, expected) => {
    const read = readContainer({ ...shapes.PODMAN_4_3, NetworkSettings: { Ports } })
    const texts = read?.container.ports.map(
      ({ host, port, protocol }) => `${host} ${port} ${protocol}`,
    )
    expect(texts).toEqual(expected)
  })

  it.each([
    [
      'several',
      { Networks: { shop_default: { NetworkID: 'x' }, proxy: {} } },
      ['shop_default', 'proxy'],
    ],
    ['none', { Networks: {} }, []],
    ['none, as podman 4.3 writes it', { Ports: {} }, []],
    ['none, as null', { Networks: null }, []],
    ['untold', undefined, undefined],
  ])('reads the names of its networks: %s', (_name, NetworkSettings, expected) => {
    const read = readContainer({ ...shapes.PODMAN_4_3, NetworkSettings })
    expect(read?.container.networks).toEqual(expected)
  })

  it('reads the health that podman 3 has under another name', () => {
    expect(readContainer(shapes.PODMAN_3)?.container.health).toBe('unhealthy')
  })

  it('reads docker', () => {
    const read = readContainer(shapes.DOCKER)
    expect(read?.container.imageId).toBe(shapes.IMAGE)
    expect(read?.check).toEqual({ interval: 30_000, startPeriod: 5000, retries: 5 })
    expect(read?.container).toMatchObject({
      name: 'shop-web-1',
      state: 'restarting',
      health: 'healthy',
      exitCode: 7,
      restartCount: 4,
      digests: [shapes.INDEX],
      restarts: 'always',
    })
  })

  it.each([
    ['configured', 'created'],
    ['created', 'created'],
    ['stopped', 'exited'],
    ['stopping', 'stopping'],
    ['removing', 'dead'],
    ['paused', 'paused'],
    ['something new', 'dead'],
  ])('reads the state "%s" as %s', (status, state) => {
    const document = { ...shapes.PODMAN_4_3, State: { Status: status } }
    expect(readContainer(document)?.container.state).toBe(state)
  })

  it.each([
    [{ OOMKilled: true }, 'out-of-memory'],
    [{ OOMKilled: false }, undefined],
  ] as const)('tells what ended a container: %j', (told, end) => {
    const State = { Status: 'exited', ExitCode: 137, ...told }
    expect(readContainer({ ...shapes.PODMAN_4_3, State })?.container.end).toBe(end)
    const running = { ...State, Status: 'running' }
    expect(readContainer({ ...shapes.PODMAN_4_3, State: running })?.container.end).toBeUndefined()
  })

  it.each([
    ['exited', '2026-01-01T00:00:01.5Z', Date.UTC(2026, 0, 1, 0, 0, 1, 500)],
    ['exited', '0001-01-01T00:00:00Z', undefined],
    ['running', '2026-01-01T00:00:01.5Z', undefined],
  ])('tells when one that is %s ended: %s', (Status, FinishedAt, ended) => {
    const document = { ...shapes.PODMAN_4_3, State: { Status, FinishedAt } }
    expect(readContainer(document)?.container.endedAt).toBe(ended)
  })

  it('reads a container that never started', () => {
    const State = { Status: 'created', StartedAt: '0001-01-01T00:00:00Z' }
    expect(readContainer({ ...shapes.PODMAN_4_3, State })?.container.startedAt).toBe(0)
  })

  it('takes a check that is switched off as none', () => {
    const Config = { ...shapes.PODMAN_4_3.Config, Healthcheck: { Test: ['NONE'] } }
    expect(readContainer({ ...shapes.PODMAN_4_3, Config })?.check).toBeNull()
  })

  it.each([
    ['an image', shapes.PODMAN_IMAGE],
    ['a container of nobody’s project', { ...shapes.PODMAN_4_3, Config: { Labels: null } }],
    ['nonsense', 'nonsense'],
    ['null', null],
  ])('is null for %s', (_name, document) => {
    expect(readContainer(document)).toBeNull()
  })
})

describe('readImage()', () => {
  it.each([
    ['podman', shapes.PODMAN_IMAGE, [shapes.PLATFORM, shapes.INDEX]],
    ['docker', shapes.DOCKER_IMAGE, [shapes.INDEX]],
    ['docker, built here', { ...shapes.DOCKER_IMAGE, RepoDigests: null }, []],
  ])('reads id and digests of %s', (_name, document, digests) => {
    expect(readImage(document)).toEqual({ id: shapes.IMAGE, digests })
  })

  it('is null for a container', () => {
    expect(readImage(shapes.PODMAN_4_3)).toBeNull()
  })
})
