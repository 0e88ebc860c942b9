import type { Handlers } from './call.ts'

/** https://docs.github.com/en/rest/meta and https://docs.github.com/en/rest/rate-limit */
export const metaRoutes: Handlers<'GET /meta' | 'GET /rate_limit'> = {
  'GET /meta': () => ({
    status: 200,
    body: {
      verifiable_password_authentication: false,
      hooks: ['127.0.0.0/8', '::1/128'],
      api: ['127.0.0.0/8'],
      git: ['127.0.0.0/8'],
    },
  }),
  'GET /rate_limit': ({ limiter }, { caller }) => {
    const key = caller.kind === 'installation' ? String(caller.token.installation.id) : 'nobody'
    const core = limiter.rate(key)
    const search = { limit: 30, remaining: 30, reset: core.reset, used: 0 }
    return { status: 200, body: { resources: { core, search }, rate: core } }
  },
}
