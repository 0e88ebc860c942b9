import { readFile } from 'node:fs/promises'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { isObject } from './json.ts'
import type { Json, JsonObject } from './json.ts'
import { operations } from './operations.ts'
import type { Operation, Webhook } from './operations.ts'

export interface Matched {
  readonly operation: Operation
  /** Values of the path's parameters, decoded. */
  readonly parameters: Readonly<Record<string, string>>
}

export interface SentRequest extends Matched {
  readonly query: URLSearchParams
  /** undefined where none was sent. */
  readonly body: Json | undefined
}

/** GitHub's own descriptions of its API and its webhooks. Every list holds problems; empty is well. */
export interface Description {
  match(method: string, pathname: string): Matched | null
  request(sent: SentRequest): readonly string[]
  answer(operation: Operation, status: number, body: Json | undefined): readonly string[]
  webhook(name: Webhook, headers: Readonly<Record<string, string>>, body: Json): readonly string[]
}

export async function loadDescription(): Promise<Description> {
  const rest = await read('api.github.com.json')
  const hooks = await read('webhooks.json')
  const validators = [createValidator(rest), createValidator(hooks)] as const
  const routes = operations.map(compileRoute)
  return {
    match: (method, pathname) => match(routes, method, pathname),
    request: (sent) => checkRequest(rest, validators[0], sent),
    answer: (operation, status, body) =>
      checkAnswer(rest, validators[0], { operation, status, body }),
    webhook: (name, headers, body) => checkWebhook(hooks, validators[1], { name, headers, body }),
  }
}

async function read(name: string): Promise<JsonObject> {
  const parsed: unknown = JSON.parse(
    await readFile(new URL(`openapi/${name}`, import.meta.url), 'utf8'),
  )
  const converted = convert(parsed)
  if (!isObject(converted)) throw new Error(`openapi/${name} is no description`)
  return converted
}

// ---------------------------------------------------------------- schemas

/** OpenAPI 3.0's `nullable` and document-wide references, as JSON Schema has them. */
function convert(value: unknown): Json {
  if (Array.isArray(value)) return value.map(convert)
  if (!isObject(value)) return isScalar(value) ? value : null
  const entries = Object.entries(value).map(([key, item]) => [key, convert(item)] as const)
  const {
    nullable,
    discriminator: _,
    ...schema
  }: Record<string, Json> = Object.fromEntries(entries)
  const reference = schema['$ref']
  if (typeof reference === 'string') schema['$ref'] = reference.replace('#/', '/')
  if (nullable !== true) return typeof nullable === 'object' ? { ...schema, nullable } : schema
  return { anyOf: [{ type: 'null' }, schema] }
}

function isScalar(value: unknown): value is null | boolean | number | string {
  return value === null || ['boolean', 'number', 'string'].includes(typeof value)
}

type Validate = (schema: Json, value: Json) => readonly string[]

function createValidator(description: JsonObject): Validate {
  const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: true })
  formats.default(ajv)
  // GitHub's own addresses of bots hold brackets, which the format's standard expression refuses.
  ajv.addFormat('email', /^[^@\s]+@[^@\s]+$/u)
  const schemas = at(description, 'components', 'schemas')
  for (const [name, schema] of Object.entries(isObject(schemas) ? schemas : {})) {
    if (isObject(schema)) ajv.addSchema(schema, `/components/schemas/${name}`)
  }
  const compiled = new Map<Json, ValidateFunction>()
  return (schema, value) => {
    if (!isObject(schema)) return ['is not described']
    const validate = compiled.get(schema) ?? ajv.compile(schema)
    compiled.set(schema, validate)
    return validate(value) ? [] : (validate.errors ?? []).map(explain)
  }
}

function explain({ instancePath, message = 'is wrong', params }: ErrorObject): string {
  return `${instancePath === '' ? 'the whole' : instancePath} ${message} ${JSON.stringify(params)}`
}

function at(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  return keys.reduce<Json | undefined>(
    (found, key) => (isObject(found) ? found[key] : undefined),
    value,
  )
}

function resolve(description: JsonObject, value: Json | undefined): Json | undefined {
  const reference = at(value, '$ref')
  if (typeof reference !== 'string') return value
  return at(description, ...reference.split('/').slice(1))
}

function describe(description: JsonObject, operation: Operation): Json | undefined {
  const [method = '', path = ''] = operation.split(' ')
  return at(description, 'paths', path, method.toLowerCase())
}

// ---------------------------------------------------------------- routes

interface Route {
  readonly operation: Operation
  readonly method: string
  readonly pattern: RegExp
  readonly names: readonly string[]
}

function compileRoute(operation: Operation): Route {
  const [method = '', path = ''] = operation.split(' ')
  const names = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name = '']) => name)
  // Branches and paths may hold slashes, encoded or not, where nothing comes after them.
  const source = path
    .replace(/\{(?:ref|path|branch)\}$/u, '(.+)')
    .replaceAll(/\{\w+\}/gu, '([^/]+)')
  return { operation, method, pattern: new RegExp(`^${source}$`, 'u'), names }
}

function match(routes: readonly Route[], method: string, pathname: string): Matched | null {
  const fits = routes
    .filter((route) => route.method === method)
    .flatMap((route) => {
      const found = route.pattern.exec(pathname)
      return found === null ? [] : [{ route, values: found.slice(1) }]
    })
    // The longer template says more: `commits/{ref}/status` before `commits/{ref}`.
    .toSorted((a, b) => b.route.operation.length - a.route.operation.length)
  const [best] = fits
  if (best === undefined) return null
  const values = best.values.map((value) => decodeURIComponent(value))
  const parameters = Object.fromEntries(
    best.route.names.map((name, index) => [name, values[index] ?? '']),
  )
  return { operation: best.route.operation, parameters }
}

// ---------------------------------------------------------------- checks

function checkRequest(
  description: JsonObject,
  validate: Validate,
  { operation, parameters, query, body }: SentRequest,
): readonly string[] {
  const described = describe(description, operation)
  const listed = at(described, 'parameters')
  const known = (Array.isArray(listed) ? listed : []).map((item: Json) =>
    resolve(description, item),
  )
  const problems = known.flatMap((parameter) => {
    const [name, place] = [at(parameter, 'name'), at(parameter, 'in')]
    if (typeof name !== 'string' || place === 'header') return []
    const value = place === 'path' ? parameters[name] : query.get(name)
    if (value === undefined || value === null) {
      return at(parameter, 'required') === true ? [`parameter ${name} is missing`] : []
    }
    const schema = at(parameter, 'schema') ?? null
    const failed = [value, ...coerced(value)].map((candidate) => validate(schema, candidate))
    return failed.every((list) => list.length > 0) ? [`parameter ${name} ${failed[0]?.[0]}`] : []
  })
  const names = new Set(known.map((parameter) => at(parameter, 'name')))
  const unknown = [...query.keys()].filter((name) => !names.has(name))
  return [
    ...problems,
    ...unknown.map((name) => `query parameter ${name} is unknown`),
    ...checkBody(at(described, 'requestBody'), validate, body),
  ]
}

/** What a parameter's text may stand for. */
function coerced(text: string): readonly Json[] {
  if (/^-?\d+$/u.test(text)) return [Number(text)]
  return text === 'true' || text === 'false' ? [text === 'true'] : []
}

function checkBody(
  described: Json | undefined,
  validate: Validate,
  body: Json | undefined,
): readonly string[] {
  if (described === undefined)
    return body === undefined ? [] : ['a body is sent where none is read']
  if (body === undefined) {
    return at(described, 'required') === true ? ['the body is missing'] : []
  }
  const schema = at(described, 'content', 'application/json', 'schema') ?? null
  // GitHub ignores a field that it does not know: for us it is a slip of the pen.
  const fields = at(schema, 'properties')
  const unknown =
    isObject(fields) && isObject(body)
      ? Object.keys(body).filter((name) => !Object.hasOwn(fields, name))
      : []
  return [...validate(schema, body), ...unknown.map((name) => `field ${name} is unknown`)]
}

/** Answers that every operation may give and that the description seldom lists. */
const everywhere = new Set([401, 403, 404, 429, 500])

function checkAnswer(
  description: JsonObject,
  validate: Validate,
  { operation, status, body }: { operation: Operation; status: number; body: Json | undefined },
): readonly string[] {
  const listed = at(describe(description, operation), 'responses', String(status))
  if (listed === undefined && !everywhere.has(status)) return [`status ${status} is not described`]
  const response = resolve(description, listed)
  const content = at(response, 'content', 'application/json', 'schema')
  if (content === undefined && (status < 300 || body === undefined)) {
    return body === undefined ? [] : [`status ${status} has no body`]
  }
  if (body === undefined) return [`status ${status} needs a body`]
  return validate(content ?? { $ref: '/components/schemas/basic-error' }, body)
}

function checkWebhook(
  description: JsonObject,
  validate: Validate,
  sent: { name: Webhook; headers: Readonly<Record<string, string>>; body: Json },
): readonly string[] {
  const described = at(description, 'webhooks', sent.name, 'post')
  const listed = at(described, 'parameters')
  const present = new Set(Object.keys(sent.headers).map((name) => name.toLowerCase()))
  const missing = (Array.isArray(listed) ? listed : []).flatMap((parameter: Json) => {
    const name = at(parameter, 'name')
    return typeof name === 'string' && !present.has(name.toLowerCase()) ? [name] : []
  })
  const schema = at(described, 'requestBody', 'content', 'application/json', 'schema') ?? null
  return [...missing.map((name) => `header ${name} is missing`), ...validate(schema, sent.body)]
}
