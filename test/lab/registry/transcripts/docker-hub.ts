import { basicOf, type Transcript } from '../transcript.ts'

const api = 'https://registry-1.docker.io/v2/library/nginx'
const challenge = {
  'www-authenticate':
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"',
}
const token =
  'GET https://auth.docker.io/token?service=registry.docker.io&scope=repository:library/nginx:pull'

// Tokens: https://distribution.github.io/distribution/spec/auth/token/; limits: https://docs.docker.com/docker-hub/usage/pulls/
export const dockerHub: readonly Transcript[] = [
  {
    title:
      'Docker Hub, anonymous: a host of its own for the API, one for tokens, HEAD tells what is left',
    sources: ['https://docs.docker.com/docker-hub/usage/pulls/'],
    name: { registry: 'docker.io', repository: 'library/nginx' },
    login: null,
    asks: [{ digestOf: '1.27', digest: `sha256:${'b'.repeat(64)}` }, { tags: ['1.27', 'latest'] }],
    exchanges: [
      { sent: `HEAD ${api}/manifests/1.27`, status: 401, headers: challenge },
      {
        sent: token,
        status: 200,
        body: {
          token: 'hub',
          access_token: 'hub',
          expires_in: 300,
          issued_at: '2026-11-23T12:00:00Z',
        },
      },
      {
        sent: `HEAD ${api}/manifests/1.27`,
        authorization: 'Bearer hub',
        status: 200,
        headers: {
          'docker-content-digest': `sha256:${'b'.repeat(64)}`,
          'ratelimit-limit': '100;w=21600',
          'ratelimit-remaining': '76;w=21600',
          'docker-ratelimit-source': '192.0.2.7',
        },
      },
      {
        sent: `GET ${api}/tags/list?n=1000`,
        authorization: 'Bearer hub',
        status: 200,
        body: { name: 'library/nginx', tags: ['1.27', 'latest'] },
      },
    ],
  },
  {
    title:
      'Docker Hub with a login: the limit is reached, and the host is left alone until it said',
    sources: ['https://docs.docker.com/docker-hub/usage/pulls/'],
    name: { registry: 'docker.io', repository: 'library/nginx' },
    login: { username: 'octo', password: 'dckr_pat_lab' },
    asks: [
      { tagsFail: { code: 'rate-limit', retryAfter: 60_000 } },
      { tagsFail: { code: 'rate-limit', retryAfter: 60_000 } },
    ],
    exchanges: [
      { sent: `GET ${api}/tags/list?n=1000`, status: 401, headers: challenge },
      {
        sent: token,
        authorization: basicOf('octo:dckr_pat_lab'),
        status: 200,
        body: { token: 'hub', expires_in: 300 },
      },
      {
        sent: `GET ${api}/tags/list?n=1000`,
        authorization: 'Bearer hub',
        status: 429,
        headers: { 'retry-after': '60' },
        body: {
          errors: [{ code: 'TOOMANYREQUESTS', message: 'You have reached your pull rate limit' }],
        },
      },
    ],
  },
]
