import * as v from 'valibot'

import { asMagosError } from '../domain/error.ts'
import { parseRules, type Rules, type ruleKeys } from '../domain/policy/rules.ts'
import { closest } from './closest.ts'
import type { Parsed } from './problem.ts'
import { parseDuration, parseSize } from './quantity.ts'

const HOST = String.raw`(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?`
const REGISTRY = new RegExp(`^${HOST}$`)
/** `HOST` or `HOST/PATH`. */
export const PLACE = new RegExp(String.raw`^${HOST}(?:/[a-z0-9][a-z0-9._-]*)*$`)
const PATH = /^(?:\/|~(?:\/|$))/
const STACK = /^[a-z0-9][a-z0-9_-]*$/

/** What may be said about one registry; about a path there only its login. */
export const registrySchema = settings({
  plainHttp: v.optional(v.boolean(expected('true or false'))),
  username: v.optional(words('a user name')),
  passwordFile: v.optional(words('the path of a file')),
  ca: v.optional(words('the path of a file')),
  mirrors: v.optional(
    names(PLACE, 'a list of registries, each with a path if need be, such as harbor.lan/dockerhub'),
  ),
  tokenServers: v.optional(names(REGISTRY, 'a list of hosts, such as auth.lan')),
})

/** The shape of the daemon's YAML; `configs/magos.schema.json` tells editors the same. */
export const daemonSchema = settings({
  settle: v.optional(duration({ min: '0s', max: '10m' })),
  deadline: v.optional(duration({ min: '1s', max: '24h' }), '5m'),
  debounce: v.optional(duration({ min: '0s', max: '5s' }), '2s'),
  drift: v.optional(driftRule(), 'heal'),
  revert: v.optional(v.picklist(['updates', 'images'], expected('updates or images')), 'updates'),
  sweep: v.optional(duration({ min: '1s', max: '24h' }), '1m'),
  grace: v.optional(duration({ min: '0s', max: '720h' }), '1h'),
  keep: v.optional(count(1, 100), 1),
  parallel: v.optional(count(1, 32), 4),
  bodyLimit: v.optional(size({ min: '1KiB', max: '25MiB' }), '5MB'),
  registries: v.nullish(
    named(
      PLACE,
      'a registry’s host, with its port where it has one, such as registry.lan:5000, or one with a path that has a login of its own, such as ghcr.io/team',
      registrySchema,
    ),
  ),
  allowPaths: v.nullish(
    v.array(pathText('a path that starts with / or ~/'), expected('a list of paths')),
  ),
  allowHooks: v.nullish(names(STACK, 'a list of names of stacks')),
  stacks: v.nullish(
    named(
      STACK,
      'a stack’s name: small letters, digits, - and _',
      settings({
        directory: v.optional(
          pathText('a path that starts with / or ~/, or adopt', /^(?:\/|~(?:\/|$)|adopt$)/),
        ),
        drift: v.optional(driftRule()),
      }),
    ),
  ),
  secrets: v.nullish(
    settings({
      sops: v.optional(pathText('a path that starts with / or ~/')),
      allowExposedKeyFiles: v.optional(v.boolean(expected('true or false'))),
    }),
  ),
  guards: v.nullish(
    settings({
      minAge: v.optional(rule('minAge')),
      platforms: v.optional(rule('platforms')),
      window: v.optional(rule('window')),
    }),
  ),
})

export type DaemonOutput = v.InferOutput<typeof daemonSchema>
export type RegistryOutput = v.InferOutput<typeof registrySchema>

/** A mapping with these keys and no other. */
function settings<const E extends v.ObjectEntries>(entries: E) {
  const known = Object.keys(entries)
  return v.pipe(
    mapping(),
    v.looseObject(entries),
    v.rawCheck(({ dataset, addIssue }) => {
      const input: Readonly<Record<string, unknown>> = isMapping(dataset.value) ? dataset.value : {}
      for (const key of Object.keys(input)) {
        if (known.includes(key)) continue
        const near = closest(key, known)
        const hint = near === null ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`
        addIssue({
          message: `Cannot use key ${JSON.stringify(key)}: there is no such setting; ${hint}`,
          path: [{ type: 'object', origin: 'key', input, key, value: input[key] }],
        })
      }
    }),
  )
}

/** A mapping whose keys are names of the user's. */
function named<const S extends v.GenericSchema>(pattern: RegExp, what: string, value: S) {
  return v.pipe(mapping(), v.record(v.pipe(v.string(), v.regex(pattern, expected(what))), value))
}

function names(pattern: RegExp, what: string) {
  const name = v.pipe(v.string(expected(what)), v.regex(pattern, expected(what)))
  return v.array(name, expected(what))
}

function mapping() {
  return v.custom<Record<string, unknown>>(isMapping, expected('a mapping (key: value)'))
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function count(least: number, most: number) {
  const what = expected(`a whole number from ${least} to ${most}`)
  return v.pipe(v.number(what), v.integer(what), v.minValue(least, what), v.maxValue(most, what))
}

function driftRule() {
  return v.picklist(['heal', 'report'], expected('heal or report'))
}

function duration(bounds: { readonly min: string; readonly max: string }) {
  return parsed('a duration with its unit, such as 10s', (value) => parseDuration(value, bounds))
}

function size(bounds: { readonly min: string; readonly max: string }) {
  const schema = v.union([v.string(), v.number()], expected('a size, such as 5MB'))
  return v.pipe(
    schema,
    v.transform(String),
    toParsed((value) => parseSize(value, bounds)),
  )
}

/** A rule as annotations have it too, read by the same parser. */
function rule(key: (typeof ruleKeys)[number]) {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, Rules>(({ dataset, addIssue, NEVER }) => {
      try {
        return parseRules({ [key]: dataset.value })
      } catch (thrown) {
        const { message, remedy } = asMagosError(thrown)
        addIssue({ message: remedy === undefined ? message : `${message}; ${remedy}` })
        return NEVER
      }
    }),
  )
}

function pathText(what: string, pattern: RegExp = PATH) {
  return v.pipe(
    v.string(expected(what)),
    v.check((value) => pattern.test(value), expected(what)),
  )
}

function words(what: string) {
  return v.pipe(v.string(expected(what)), v.nonEmpty(expected(what)))
}

function parsed<T>(what: string, parse: (text: string) => Parsed<T>) {
  return v.pipe(v.string(expected(what)), toParsed(parse))
}

function toParsed<T>(parse: (text: string) => Parsed<T>) {
  return v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
    const result = parse(dataset.value)
    if ('value' in result) return result.value
    addIssue({ message: `Cannot use ${result.refusal}` })
    return NEVER
  })
}

function expected(what: string) {
  return (issue: { readonly received: string }) => `Cannot use ${issue.received}: expected ${what}`
}
