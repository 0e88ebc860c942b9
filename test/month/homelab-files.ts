import type { Digest } from '../../src/domain/image-reference.ts'
import { digest } from '../handlers/world.ts'

/** Files of a repository by their paths. */
export type Files = ReadonlyMap<string, string>

export const OWNER = 'ghcr.io/acme'

/** Images of the month, and how each is watched. */
export const IMAGES = ['web', 'cache', 'player', 'tool', 'page', 'wiki', 'smtp', 'imap'] as const
/** The one that has a tag which moves. */
export const MOVING = 'feed'

export function firstDigest(): Digest {
  return digest(1)
}

/** As many ways to write an image as a month has room for. */
export function firstFiles(): Files {
  const semver = note('"policy": "semver"')
  const proposed = note('"policy": "semver", "mode": "pr"')
  const grouped = note('"policy": "semver", "mode": "pr", "group": "post"')
  const media = [
    service('player', `'${at('player')}'\t${note('"policy": "semver", "range": "<9"')}`),
    service('front', `${at('web')} ${semver}`),
  ]
  return new Map([
    ['README.md', '# A homelab\n'],
    ['.magos.yaml', 'pullRequests: {labels: [deps]}\ngroups: {post: {automerge: true}}\n'],
    [
      'shop/compose.yaml',
      compose(
        service('web', `${at('web')} ${semver}`),
        service('cache', `"${at('cache')}"   ${semver}`),
      ),
    ],
    ['media/compose.yaml', compose(...media).replaceAll('\n', '\r\n')],
    [
      'tools/compose.yaml',
      `x-tool: &tool ${at('tool')} ${semver}\n${compose(service('one', '*tool'), service('two', '*tool'))}`,
    ],
    [
      'blog/compose.yaml',
      `\uFEFF${compose(`  page: {tty: true, image: '${at('page')}' } ${semver}`)}`.trimEnd(),
    ],
    [
      'feed/compose.yaml',
      compose(
        service('feed', `${at('feed', 'stable')} ${note('"policy": "latest", "tag": "stable"')}`),
      ),
    ],
    ['wiki/compose.yaml', compose(service('wiki', `${at('wiki')}  ${proposed}`))],
    [
      'mail/compose.yaml',
      compose(
        service('smtp', `${at('smtp')} ${grouped}`),
        service('imap', `"${at('imap')}" ${grouped}`),
      ),
    ],
  ])
}

function at(name: string, tag = '1.0.0'): string {
  return `${OWNER}/${name}:${tag}@${firstDigest()}`
}

function note(keys: string): string {
  return `# {"magos": {${keys}}}`
}

function compose(...services: readonly string[]): string {
  return `# written by a person\nservices:\n${services.join('\n')}\n`
}

function service(name: string, image: string): string {
  return `  ${name}:\n    image: ${image}\n    environment:\n      SEED: "0"`
}
