/**
 * Cuts GitHub's own OpenAPI descriptions to what the lab serves: `node test/lab/github/cut-openapi.ts`.
 * The packages are fetched into a temporary directory, for the larger one is 385 MB unpacked and no dependency.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { operations, webhooks } from './operations.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = { readonly [key: string]: Json }

const sources = {
  rest: '@octokit/openapi@23.0.2',
  webhooks: '@octokit/openapi-webhooks@12.1.0',
}

const prose = new Set(['description', 'example', 'examples', 'title', 'externalDocs'])

await cut()

async function cut(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'magos-openapi-'))
  try {
    const rest = await describe(sources.rest, directory)
    await write('api.github.com.json', sources.rest, rest, { paths: cutPaths(rest) })
    const hooks = await describe(sources.webhooks, directory)
    await write('webhooks.json', sources.webhooks, hooks, { webhooks: cutWebhooks(hooks) })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function describe(source: string, directory: string): Promise<JsonObject> {
  const { stdout: archive } = await execa('npm', ['pack', '--silent', source], { cwd: directory })
  const member = 'package/generated/api.github.com.json'
  const { stdout } = await execa('tar', ['-xzOf', join(directory, archive.trim()), member])
  return object(JSON.parse(stdout))
}

function cutPaths(description: JsonObject): JsonObject {
  const all = object(description['paths'])
  const kept: Record<string, Record<string, Json>> = {}
  for (const operation of operations) {
    const [method = '', path = ''] = operation.split(' ')
    const { parameters, requestBody, responses } = object(object(all[path])[method.toLowerCase()])
    const described = { parameters, requestBody, responses }
    kept[path] = { ...kept[path], [method.toLowerCase()]: prune(defined(described)) }
  }
  return kept
}

function cutWebhooks(description: JsonObject): JsonObject {
  const all = object(description['webhooks'])
  return Object.fromEntries(
    webhooks.map((name) => {
      const { parameters, requestBody } = object(object(all[name])['post'])
      return [name, { post: prune(defined({ parameters, requestBody })) }]
    }),
  )
}

async function write(
  name: string,
  source: string,
  description: JsonObject,
  kept: JsonObject,
): Promise<void> {
  const document = {
    openapi: description['openapi'],
    info: {
      title: `Cut from npm ${source}, without descriptions and examples`,
      version: object(description['info'])['version'],
      license: { name: 'MIT', holder: 'Copyright (c) 2020 Octokit contributors' },
    },
    ...kept,
    components: reachable(kept, object(description['components'])),
  }
  const text = `${JSON.stringify(document)}\n`
  await writeFile(new URL(`openapi/${name}`, import.meta.url), text)
  process.stdout.write(`openapi/${name}: ${text.length} bytes from ${source}\n`)
}

/** The components that `root` refers to, directly or through others. */
function reachable(root: Json, components: JsonObject): JsonObject {
  const kept: Record<string, Record<string, Json>> = {}
  const waiting = [root]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const reference of references(next)) {
      const [, , kind = '', name = ''] = reference.split('/')
      if (kept[kind]?.[name] !== undefined) continue
      const component = prune(object(components[kind])[name] ?? null)
      kept[kind] = { ...kept[kind], [name]: component }
      waiting.push(component)
    }
  }
  return kept
}

function references(value: Json): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = !isArray(value) && typeof value['$ref'] === 'string' ? [value['$ref']] : []
  return [...own, ...Object.values(value).flatMap(references)]
}

/** Leaves out prose; below `properties` every key is a name and stays. */
function prune(value: Json, keys: 'keywords' | 'names' = 'keywords'): Json {
  if (isArray(value)) return value.map((item) => prune(item))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(
    ([key]) => keys === 'names' || !(prose.has(key) || key.startsWith('x-')),
  )
  return Object.fromEntries(
    kept.map(([key, item]) => [
      key,
      prune(item, keys === 'keywords' && key === 'properties' ? 'names' : 'keywords'),
    ]),
  )
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function object(value: unknown): JsonObject {
  if (!isObject(value)) throw new Error('The description does not hold what the lab serves')
  return value
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function defined(value: Readonly<Record<string, Json | undefined>>): JsonObject {
  const entries = Object.entries(value).flatMap(([key, item]) =>
    item === undefined ? [] : [[key, item] as const],
  )
  return Object.fromEntries(entries)
}
