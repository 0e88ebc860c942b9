import { basicOf, type Transcript } from '../transcript.ts'

const gitea = 'https://codeberg.org/v2/team/app'
const harbor = 'https://harbor.lan/v2/team/app'
const harborToken =
  'GET https://harbor.lan/service/token?service=harbor-registry&scope=repository:team/app:pull'

// Gitea: routers/api/packages/container in its source, https://docs.gitea.com/usage/packages/container; Codeberg offers both schemes.
// Harbor: https://goharbor.io/docs/main/working-with-projects/project-configuration/create-robot-accounts/
export const selfHosted: readonly Transcript[] = [
  {
    title: 'Gitea and Forgejo: Bearer and Basic in one header, a scope of "*"',
    sources: ['https://docs.gitea.com/usage/packages/container'],
    name: { registry: 'codeberg.org', repository: 'team/app' },
    login: { username: 'octo', password: 'token' },
    asks: [{ tags: ['1.0', '1.1', '2.0'] }],
    exchanges: [
      {
        sent: `GET ${gitea}/tags/list?n=1000`,
        status: 401,
        headers: {
          'www-authenticate':
            'Bearer realm="https://codeberg.org/v2/token",service="container_registry",scope="*", Basic realm="Gitea Container Registry"',
        },
      },
      {
        sent: 'GET https://codeberg.org/v2/token?service=container_registry&scope=repository:team/app:pull',
        authorization: basicOf('octo:token'),
        status: 200,
        body: { token: 'jwt' },
      },
      {
        sent: `GET ${gitea}/tags/list?n=1000`,
        authorization: 'Bearer jwt',
        status: 200,
        headers: { link: '</v2/team/app/tags/list?last=1.1&n=1000>; rel="next"' },
        body: { name: 'team/app', tags: ['1.0', '1.1'] },
      },
      {
        sent: `GET ${gitea}/tags/list?last=1.1&n=1000`,
        authorization: 'Bearer jwt',
        status: 200,
        body: { name: 'team/app', tags: ['2.0'] },
      },
    ],
  },
  {
    title: 'Harbor: a robot account, tokens for half an hour, an access_token that is empty',
    sources: ['https://goharbor.io/docs'],
    name: { registry: 'harbor.lan', repository: 'team/app' },
    login: { username: 'robot$team+magos', password: 'secret' },
    asks: [
      { digestOf: '1.0', digest: `sha256:${'c'.repeat(64)}` },
      { tagsFail: { code: 'not-found' } },
    ],
    exchanges: [
      {
        sent: `HEAD ${harbor}/manifests/1.0`,
        status: 401,
        headers: {
          'www-authenticate':
            'Bearer realm="https://harbor.lan/service/token",service="harbor-registry",scope="repository:team/app:pull"',
        },
      },
      {
        sent: harborToken,
        authorization: basicOf('robot$team+magos:secret'),
        status: 200,
        body: {
          token: 'jwt',
          access_token: '',
          expires_in: 1800,
          issued_at: '2026-11-23T12:00:00Z',
        },
      },
      {
        sent: `HEAD ${harbor}/manifests/1.0`,
        authorization: 'Bearer jwt',
        status: 200,
        headers: { 'docker-content-digest': `sha256:${'c'.repeat(64)}` },
      },
      {
        sent: `GET ${harbor}/tags/list?n=1000`,
        authorization: 'Bearer jwt',
        status: 404,
        body: { errors: [{ code: 'NOT_FOUND', message: 'repository team/app not found' }] },
      },
    ],
  },
]
