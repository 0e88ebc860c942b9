import { expect, it } from 'vitest'
import { authFilePaths, formOf } from '../../../src/adapters/registry/auth-file-paths.ts'

const settings = {
  runtime: 'podman',
  home: '/home/u',
  user: 1000,
  runtimeDirectory: '/run/user/1',
  registryAuthFile: '/r.json',
} as const

it('authFilePaths() asks in the order of containers-auth.json(5)', () => {
  const documented = [
    '/r.json',
    '/run/user/1/containers/auth.json',
    '/home/u/.config/containers/auth.json',
    '/home/u/.docker/config.json',
    '/home/u/.dockercfg',
  ]
  expect(authFilePaths(settings)).toEqual(documented)
  expect(authFilePaths({ ...settings, runtime: null })).toEqual(documented)
})

it('authFilePaths() asks docker first where docker runs the stacks', () => {
  expect(authFilePaths({ ...settings, runtime: 'docker' })).toEqual([
    '/r.json',
    '/home/u/.docker/config.json',
    '/run/user/1/containers/auth.json',
    '/home/u/.config/containers/auth.json',
    '/home/u/.dockercfg',
  ])
})

it('authFilePaths() goes where the environment moved the files', () => {
  const moved = { ...settings, dockerConfig: '/d', configDirectory: '/c' }
  expect(authFilePaths(moved)).toEqual([
    '/r.json',
    '/run/user/1/containers/auth.json',
    '/c/containers/auth.json',
    '/d/config.json',
    '/home/u/.dockercfg',
  ])
  expect(authFilePaths({ runtime: null, home: '/root', user: 0 })[0]).toBe(
    '/run/containers/0/auth.json',
  )
})

it('authFilePaths() asks the file of our own and no other', () => {
  expect(authFilePaths({ ...settings, own: '/own.json' })).toEqual(['/own.json'])
})

it('formOf() knows the old file by its name', () => {
  expect(formOf('/home/u/.dockercfg')).toBe('legacy')
  expect(formOf('/home/u/.docker/config.json')).toBe('usual')
})
