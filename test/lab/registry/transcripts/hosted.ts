import { basicOf, type Transcript } from '../transcript.ts'

const quay = 'https://quay.io/v2/team/app'
const gitlab = 'https://registry.gitlab.com/v2/group/app'

// Quay: https://docs.quay.io/glossary/robot-accounts.html and endpoints/v2/tag.py of its source (a hundred tags a page).
// GitLab: https://docs.gitlab.com/administration/packages/container_registry/,
// https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
export const hosted: readonly Transcript[] = [
  {
    title: 'Quay: a robot account, pages of its own size, 429 without a time',
    sources: ['https://docs.quay.io'],
    name: { registry: 'quay.io', repository: 'team/app' },
    login: { username: 'team+magos', password: 'robot' },
    asks: [{ tags: ['1.0', '1.1'] }, { tagsFail: { code: 'rate-limit' } }],
    exchanges: [
      {
        sent: `GET ${quay}/tags/list?n=1000`,
        status: 401,
        headers: {
          'www-authenticate':
            'Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:team/app:pull"',
        },
      },
      {
        sent: 'GET https://quay.io/v2/auth?service=quay.io&scope=repository:team/app:pull',
        authorization: basicOf('team+magos:robot'),
        status: 200,
        body: { token: 'jwt' },
      },
      {
        sent: `GET ${quay}/tags/list?n=1000`,
        authorization: 'Bearer jwt',
        status: 200,
        headers: { link: '</v2/team/app/tags/list?n=100&last=1.0>; rel="next"' },
        body: { name: 'team/app', tags: ['1.0'] },
      },
      {
        sent: `GET ${quay}/tags/list?n=100&last=1.0`,
        authorization: 'Bearer jwt',
        status: 200,
        body: { name: 'team/app', tags: ['1.1'] },
      },
      { sent: `GET ${quay}/tags/list?n=1000`, authorization: 'Bearer jwt', status: 429 },
    ],
  },
  {
    title: 'GitLab: tokens from another host that is known, limits in headers of its own',
    sources: ['https://docs.gitlab.com'],
    name: { registry: 'registry.gitlab.com', repository: 'group/app' },
    login: { username: 'deploy', password: 'gldt-lab' },
    asks: [{ tags: ['1.0'] }, { tagsFail: { code: 'rate-limit', retryAfter: 30_000 } }],
    exchanges: [
      {
        sent: `GET ${gitlab}/tags/list?n=1000`,
        status: 401,
        headers: {
          'www-authenticate':
            'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="repository:group/app:pull",error="invalid_token"',
        },
      },
      {
        sent: 'GET https://gitlab.com/jwt/auth?service=container_registry&scope=repository:group/app:pull',
        authorization: basicOf('deploy:gldt-lab'),
        status: 200,
        body: { token: 'jwt' },
      },
      {
        sent: `GET ${gitlab}/tags/list?n=1000`,
        authorization: 'Bearer jwt',
        status: 200,
        headers: {
          'ratelimit-limit': '60',
          'ratelimit-observed': '60',
          'ratelimit-remaining': '0',
          'ratelimit-reset': String(Date.parse('2026-11-23T12:00:30Z') / 1000),
        },
        body: { name: 'group/app', tags: ['1.0'] },
      },
    ],
  },
]
