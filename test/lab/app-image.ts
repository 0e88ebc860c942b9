import { readFileSync } from 'node:fs'
import type { ImageContent } from './engine/image.ts'
import { busyboxPath } from './engine/install.ts'
import type { ImageOptions } from './registry/image.ts'

const APPLETS = ['cat', 'echo', 'env', 'false', 'httpd', 'sh', 'sleep', 'true', 'wget']

/**
 * An image that runs, made without any engine, so that the host which pulls it never had a byte of it. Where this
 * machine has no busybox it is one that could not run, which does where there is no engine either.
 */
export function appImage(version: string, content: ImageContent = {}): ImageOptions {
  const { serves = 'ok', health = 'ok', crash, files = {} } = content
  const busybox = busyboxPath()
  const texts = { ...files, 'www/index.html': `${serves}\n` }
  return {
    version,
    format: 'docker',
    files: {
      'bin/busybox': { content: busybox === null ? '' : readFileSync(busybox), mode: 0o755 },
      ...Object.fromEntries(APPLETS.map((name) => [`bin/${name}`, { link: 'busybox' }])),
      ...Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, { content: text }])),
    },
    config: {
      Env: ['PATH=/bin'],
      Cmd: command(crash),
      // Busybox as PID 1 ignores TERM, and a stop would wait ten seconds for it.
      StopSignal: 'SIGKILL',
      ...(health === 'none' ? {} : { Healthcheck: check(health) }),
    },
  }
}

function command(crash: ImageContent['crash']): readonly string[] {
  if (crash === undefined) return ['httpd', '-f', '-p', '8080', '-h', '/www']
  const life = `echo coming up; sleep ${crash.after ?? 0}; echo going down; exit ${crash.exitCode}`
  return ['sh', '-c', life]
}

/** Durations in ns, as the image format has them. */
function check(health: 'ok' | 'failing') {
  const ask = ['CMD', 'wget', '-q', '-O', '-', 'http://127.0.0.1:8080/']
  return {
    Test: health === 'ok' ? ask : ['CMD', 'false'],
    Interval: 500_000_000,
    Timeout: 5_000_000_000,
    Retries: 2,
  }
}
