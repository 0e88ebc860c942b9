import { basicOf, type Transcript } from '../transcript.ts'

const ecrHost = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'
const ecr = `https://${ecrHost}/v2/team/app`
const ecrAuth = basicOf('AWS:ecr-token')
const gar = 'https://europe-docker.pkg.dev/v2/project/images/app'
const acr = 'https://team.azurecr.io/v2/app'

// ECR: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html (user AWS, a token for twelve hours).
// Artifact Registry: https://cloud.google.com/artifact-registry/docs/docker/authentication (oauth2accesstoken or _json_key).
// ACR: https://azure.github.io/acr/AAD-OAuth.html (identity token, grant "refresh_token", metadata_read for tags).
export const cloud: readonly Transcript[] = [
  {
    title:
      "ECR: Basic with the helper's login, no token server, an absolute next page, HEAD alone tells the digest",
    sources: ['https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html'],
    name: { registry: ecrHost, repository: 'team/app' },
    login: { username: 'AWS', password: 'ecr-token' },
    asks: [{ tags: ['1.0', '1.1'] }, { digestOf: '1.1', digest: `sha256:${'d'.repeat(64)}` }],
    exchanges: [
      {
        sent: `GET ${ecr}/tags/list?n=1000`,
        status: 401,
        headers: {
          'www-authenticate': `Basic realm="https://${ecrHost}/",service="ecr.amazonaws.com"`,
        },
      },
      {
        sent: `GET ${ecr}/tags/list?n=1000`,
        authorization: ecrAuth,
        status: 200,
        headers: { link: `<${ecr}/tags/list?last=YWJj&n=1000>; rel="next"` },
        body: { name: 'team/app', tags: ['1.0'] },
      },
      {
        sent: `GET ${ecr}/tags/list?last=YWJj&n=1000`,
        authorization: ecrAuth,
        status: 200,
        body: { name: 'team/app', tags: ['1.1'] },
      },
      {
        sent: `HEAD ${ecr}/manifests/1.1`,
        authorization: ecrAuth,
        status: 200,
        headers: { 'docker-content-digest': `sha256:${'d'.repeat(64)}` },
      },
    ],
  },
  {
    title: 'ECR: a login that has expired is a refusal',
    sources: ['https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html'],
    name: { registry: ecrHost, repository: 'team/app' },
    login: { username: 'AWS', password: 'ecr-token' },
    asks: [{ tagsFail: { code: 'unauthorized' } }],
    exchanges: [
      {
        sent: `GET ${ecr}/tags/list?n=1000`,
        status: 401,
        headers: {
          'www-authenticate': `Basic realm="https://${ecrHost}/",service="ecr.amazonaws.com"`,
        },
      },
      {
        sent: `GET ${ecr}/tags/list?n=1000`,
        authorization: ecrAuth,
        status: 403,
        body: { errors: [{ code: 'DENIED', message: 'Your authorization token has expired.' }] },
      },
    ],
  },
  {
    title: 'Artifact Registry: an access token as password, what it adds to a list is passed over',
    sources: ['https://cloud.google.com/artifact-registry/docs/docker/authentication'],
    name: { registry: 'europe-docker.pkg.dev', repository: 'project/images/app' },
    login: { username: 'oauth2accesstoken', password: 'ya29.lab' },
    asks: [{ tags: ['1.0'] }],
    exchanges: [
      {
        sent: `GET ${gar}/tags/list?n=1000`,
        status: 401,
        headers: {
          'www-authenticate':
            'Bearer realm="https://europe-docker.pkg.dev/v2/token",service="europe-docker.pkg.dev",scope="repository:project/images/app:pull"',
        },
      },
      {
        sent: 'GET https://europe-docker.pkg.dev/v2/token?service=europe-docker.pkg.dev&scope=repository:project/images/app:pull',
        authorization: basicOf('oauth2accesstoken:ya29.lab'),
        status: 200,
        body: { token: 'AJA', expires_in: 43_200, issued_at: '2026-11-23T12:00:00Z' },
      },
      {
        sent: `GET ${gar}/tags/list?n=1000`,
        authorization: 'Bearer AJA',
        status: 200,
        body: { child: [], manifest: {}, name: 'project/images/app', tags: ['1.0'] },
      },
    ],
  },
  {
    title: 'ACR: an identity token, a second right for lists of tags, limited with a time',
    sources: ['https://azure.github.io/acr/AAD-OAuth.html'],
    name: { registry: 'team.azurecr.io', repository: 'app' },
    login: { username: '<token>', password: 'refresh' },
    asks: [{ tags: ['1.0'] }, { tagsFail: { code: 'rate-limit', retryAfter: 10_000 } }],
    exchanges: [
      {
        sent: `GET ${acr}/tags/list?n=1000`,
        status: 401,
        headers: {
          'www-authenticate':
            'Bearer realm="https://team.azurecr.io/oauth2/token",service="team.azurecr.io",scope="repository:app:metadata_read"',
        },
      },
      {
        sent: 'POST https://team.azurecr.io/oauth2/token',
        form: {
          grant_type: 'refresh_token',
          client_id: 'magos-dominus',
          refresh_token: 'refresh',
          scope: 'repository:app:pull,metadata_read',
          service: 'team.azurecr.io',
        },
        status: 200,
        body: { access_token: 'jwt' },
      },
      {
        sent: `GET ${acr}/tags/list?n=1000`,
        authorization: 'Bearer jwt',
        status: 200,
        body: { name: 'app', tags: ['1.0'] },
      },
      {
        sent: `GET ${acr}/tags/list?n=1000`,
        authorization: 'Bearer jwt',
        status: 429,
        headers: { 'retry-after': '10' },
      },
    ],
  },
]
