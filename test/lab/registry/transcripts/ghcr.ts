import { basicOf, type Transcript } from '../transcript.ts'

const api = 'https://ghcr.io/v2/octo/app'
const challenge = {
  'www-authenticate':
    'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:octo/app:pull"',
}
const token = 'GET https://ghcr.io/token?service=ghcr.io&scope=repository:octo/app:pull'

// Authentication: https://docs.github.com/packages/working-with-a-github-packages-registry/working-with-the-container-registry;
// order of tags (the oldest first) and the wait in the body of a 429: renovatebot/renovate#36103 and reports of its users.
export const ghcr: readonly Transcript[] = [
  {
    title: 'GHCR, anonymous: two pages in order of push, a passing limit in the body, one token',
    sources: [
      'https://docs.github.com/packages',
      'https://github.com/renovatebot/renovate/issues/36103',
    ],
    name: { registry: 'ghcr.io', repository: 'octo/app' },
    login: null,
    asks: [
      { tags: ['1.10.0', '1.9.0', 'latest'] },
      { digestOf: 'latest', digest: `sha256:${'a'.repeat(64)}` },
    ],
    exchanges: [
      { sent: `GET ${api}/tags/list?n=1000`, status: 401, headers: challenge },
      { sent: token, status: 200, body: { token: 'djE6' } },
      {
        sent: `GET ${api}/tags/list?n=1000`,
        authorization: 'Bearer djE6',
        status: 200,
        headers: { link: '</v2/octo/app/tags/list?last=1.9.0&n=1000>; rel="next"' },
        body: { name: 'octo/app', tags: ['1.10.0', '1.9.0'] },
      },
      {
        sent: `GET ${api}/tags/list?last=1.9.0&n=1000`,
        authorization: 'Bearer djE6',
        status: 429,
        body: 'toomanyrequests: retry-after: 331.163µs, allowed: 44000/minute',
      },
      {
        sent: `GET ${api}/tags/list?last=1.9.0&n=1000`,
        authorization: 'Bearer djE6',
        status: 200,
        body: { name: 'octo/app', tags: ['latest'] },
      },
      {
        sent: `HEAD ${api}/manifests/latest`,
        authorization: 'Bearer djE6',
        status: 200,
        headers: { 'docker-content-digest': `sha256:${'a'.repeat(64)}` },
      },
    ],
  },
  {
    title: 'GHCR, private: a personal access token buys the registry token, no right is a refusal',
    sources: ['https://docs.github.com/packages'],
    name: { registry: 'ghcr.io', repository: 'octo/app' },
    login: { username: 'octo', password: 'ghp_lab' },
    asks: [{ tagsFail: { code: 'unauthorized' } }],
    exchanges: [
      { sent: `GET ${api}/tags/list?n=1000`, status: 401, headers: challenge },
      {
        sent: token,
        authorization: basicOf('octo:ghp_lab'),
        status: 403,
        body: { errors: [{ code: 'DENIED', message: 'denied' }] },
      },
      // The token itself counts: it is asked for nothing, as by a login. Then a stranger is no better.
      {
        sent: 'GET https://ghcr.io/token?service=ghcr.io',
        authorization: basicOf('octo:ghp_lab'),
        status: 200,
        body: { token: 'djE6' },
      },
      {
        sent: token,
        status: 401,
        body: { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] },
      },
    ],
  },
  {
    title: 'GHCR, public: an expired personal access token is left out, and not sent again',
    sources: ['https://docs.github.com/packages'],
    name: { registry: 'ghcr.io', repository: 'octo/app' },
    login: { username: 'octo', password: 'ghp_expired' },
    asks: [{ tags: ['1.0.0'] }, { tags: ['1.0.0'] }],
    exchanges: [
      { sent: `GET ${api}/tags/list?n=1000`, status: 401, headers: challenge },
      {
        sent: token,
        authorization: basicOf('octo:ghp_expired'),
        status: 403,
        body: { errors: [{ code: 'DENIED', message: 'denied' }] },
      },
      {
        sent: 'GET https://ghcr.io/token?service=ghcr.io',
        authorization: basicOf('octo:ghp_expired'),
        status: 403,
        body: { errors: [{ code: 'DENIED', message: 'denied' }] },
      },
      { sent: token, status: 200, body: { token: 'djE6' } },
      {
        sent: `GET ${api}/tags/list?n=1000`,
        authorization: 'Bearer djE6',
        status: 200,
        body: { name: 'octo/app', tags: ['1.0.0'] },
      },
      {
        sent: `GET ${api}/tags/list?n=1000`,
        authorization: 'Bearer djE6',
        status: 200,
        body: { name: 'octo/app', tags: ['1.0.0'] },
      },
    ],
  },
]
