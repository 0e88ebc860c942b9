import { describe, expect, it } from 'vitest'
import { judgeComplaints } from '../../src/domain/doctor/complaints.ts'
import { engineRemedy } from '../../src/domain/engine-remedy.ts'

describe('engineRemedy()', () => {
  it.each([
    [
      'command required for rootless mode with multiple IDs: exec: "newuidmap": executable file not found in $PATH',
      /apt install uidmap$/,
    ],
    [
      'running `/usr/bin/newuidmap 1 0 1000 1`: newuidmap: write to uid_map failed: Operation not permitted',
      /--reinstall uidmap.*NoNewPrivileges/,
    ],
    [
      'cannot find UID/GID for user ada: no subuid ranges found for user "ada" in /etc/subuid',
      /usermod --add-subuids/,
    ],
    [
      'XDG_RUNTIME_DIR directory "/root" is not owned by the current user',
      /rather than by su or sudo/,
    ],
    [
      'invalid internal status, try resetting the pause process with "podman system migrate": could not find any running process',
      /^Run "podman system migrate" .*stops all containers/,
    ],
    ['cannot re-exec process', /max_user_namespaces/],
    [
      'database graph driver "" does not match our graph driver "overlay": database configuration mismatch',
      /storage\.conf.*delete every image/,
    ],
    [
      'unable to connect to Podman socket: Get "http://d/v4.3.1/libpod/_ping": dial unix /x: connect: no such file or directory',
      /^Unset CONTAINER_HOST/,
    ],
    [
      'User-selected graph driver "vfs" overwritten by graph driver "overlay" from database - delete libpod local files to resolve',
      /driver in storage\.conf/,
    ],
    [
      "The storage 'driver' option must be set in /etc/containers/storage.conf to guarantee proper operation",
      /^Name the driver/,
    ],
  ])('knows the cause of: %s', (words, remedy) => {
    expect(engineRemedy(words)).toMatch(remedy)
    // It may end a sentence, where a command would be spelled in upper case.
    expect(engineRemedy(words)).toMatch(/^[A-Z]/)
  })

  it('knows none of other words', () => {
    expect(engineRemedy('no container with name or ID "a" found')).toBeNull()
  })
})

describe('judgeComplaints()', () => {
  it('tells each that has a remedy once, and no other', () => {
    const driver = 'User-selected graph driver "vfs" overwritten by graph driver "overlay"'
    const checks = judgeComplaints([driver, 'failed to connect to syslog', driver])
    expect(checks).toEqual([
      { name: 'engine-words', status: 'warn', detail: driver, remedy: engineRemedy(driver) },
    ])
  })
})
