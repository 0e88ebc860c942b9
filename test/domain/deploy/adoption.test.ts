import { describe, expect, test } from 'vitest'
import { adoptionOf } from '../../../src/domain/deploy/adoption.ts'
import type { ObservedContainer } from '../../../src/domain/deployment.ts'

const WORKING_DIR = 'com.docker.compose.project.working_dir'

function container(
  name: string,
  labels: Readonly<Record<string, string>>,
  project = 'shop',
): ObservedContainer {
  return {
    id: name,
    name,
    project,
    service: name,
    state: 'running',
    health: 'none',
    exitCode: 0,
    restartCount: 0,
    startedAt: 1,
    image: 'example.org/app',
    imageId: '',
    digests: [],
    labels,
    ports: [],
    restarts: 'no',
    joins: [],
  }
}

const byHand = (name: string, directory = '/home/ada/shop', project?: string) =>
  container(name, { [WORKING_DIR]: directory }, project)

describe('adoptionOf()', () => {
  test('takes the one directory of all containers', () => {
    const others = [byHand('blog', '/home/ada/blog', 'blog')]
    expect(adoptionOf('shop', [byHand('web'), byHand('db'), ...others])).toEqual({
      outcome: 'adopt',
      directory: '/home/ada/shop',
    })
  })

  test('is none where nobody made a container', () => {
    expect(adoptionOf('shop', [byHand('blog', '/home/ada/blog', 'blog')])).toEqual({
      outcome: 'none',
    })
  })

  test('knows by our own label what was adopted before', () => {
    const ours = container('web', {
      'magos.hash': 'h',
      'magos.home': '/srv/shop',
      [WORKING_DIR]: '/x',
    })
    expect(adoptionOf('shop', [ours, byHand('db')])).toEqual({
      outcome: 'adopt',
      directory: '/srv/shop',
    })
  })

  test.each<[string, readonly ObservedContainer[], string]>([
    [
      'no directory',
      [byHand('web'), container('db', {})],
      'container db does not tell the directory',
    ],
    [
      'several',
      [byHand('web'), byHand('db', '/srv/db')],
      'several directories: /home/ada/shop, /srv/db',
    ],
    ['a relative one', [byHand('web', './shop')], '"./shop", which is no absolute path'],
    [
      'another project’s',
      [byHand('web'), byHand('blog', '/home/ada/shop', 'blog')],
      'the directory of project "blog" as well',
    ],
  ])('refuses %s', (_title, containers, reason) => {
    expect(adoptionOf('shop', containers)).toEqual({
      outcome: 'refused',
      reason: expect.stringContaining(reason),
    })
  })
})
