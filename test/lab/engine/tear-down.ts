import { execFile } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PATIENCE = 3_000

interface Remains {
  readonly directory: string
  readonly runtimeDirectory: string
  readonly env: Readonly<Record<string, string>>
  readonly podman: (args: readonly string[]) => Promise<string>
}

/** Containers, networks, mounts, processes and files of one lab engine; names what had to be ended by force. */
export async function tearDown(remains: Remains): Promise<readonly string[]> {
  const { directory, runtimeDirectory, podman } = remains
  // A pod goes with its containers; where there is none, or podman is broken, the containers still have to go.
  await podman(['pod', 'rm', '-fa', '-t', '0']).catch(() => undefined)
  await removeContainers(podman)
  const networks = (await podman(['network', 'ls', '--format', '{{.Name}}'])).split('\n')
  for (const name of networks) {
    if (name !== '' && name !== 'podman') await podman(['network', 'rm', '-f', name])
  }
  await endPauseProcess(directory)
  endRootlessNetwork(directory)
  const stubborn = await endProcesses(directory)
  await unmount(directory)
  await removeFiles(remains)
  await rm(runtimeDirectory, { recursive: true, force: true })
  return stubborn
}

/** A container in a crash loop may die just when it is stopped, and podman then gives up on it. */
async function removeContainers(podman: Remains['podman']): Promise<void> {
  const deadline = performance.now() + PATIENCE
  for (;;) {
    try {
      await podman(['rm', '-fa', '--depend', '-t', '0'])
      return
    } catch (thrown) {
      if (performance.now() > deadline) throw thrown
      await sleep(100)
    }
  }
}

/** Rootless podman keeps its user namespace open by a process that outlives every command, by design. */
async function endPauseProcess(directory: string): Promise<void> {
  for (const path of ['x/libpod/tmp/pause.pid', 'tmp/pause.pid']) {
    const pid = Number(await readFile(join(directory, path), 'utf8').catch(() => '0'))
    if (pid > 1) process.kill(pid, 'SIGKILL')
  }
}

/** After a container that could not start, rootless podman 4 leaves the network that it made for it. */
function endRootlessNetwork(directory: string): void {
  if (process.getuid?.() === 0) return
  const network = /^\S*(?:slirp4netns|pasta|aardvark-dns)\b/
  for (const { pid, command } of processesNaming(directory)) {
    if (network.test(command)) process.kill(pid, 'SIGKILL')
  }
}

/** Whoever names the directory in its command line works for this engine; names those that had to be ended by force. */
export async function endProcesses(directory: string): Promise<readonly string[]> {
  const deadline = performance.now() + PATIENCE
  for (;;) {
    const left = processesNaming(directory)
    if (left.length === 0) return []
    if (performance.now() > deadline) {
      for (const { pid } of left) process.kill(pid, 'SIGKILL')
      return left.map(({ pid, command }) => `${command} (${pid})`)
    }
    await sleep(50)
  }
}

function processesNaming(directory: string): readonly { pid: number; command: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return []
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      return command.includes(`${directory}/`) ? [{ pid: Number(name), command }] : []
    } catch {
      return []
    }
  })
}

/** All that is mounted below the directory. */
export async function unmount(directory: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${directory}/`))
  for (const path of mounts.toReversed()) await run('umount', [path]).catch(() => undefined)
}

/** An ordinary user's layers belong to sub-users, and only within the user namespace they can be removed. */
async function removeFiles({ directory, env }: Remains): Promise<void> {
  if (process.getuid?.() !== 0) {
    const removal = run('podman', ['unshare', 'rm', '-rf', join(directory, 'graph')], { env })
    // It keeps an empty mount point, which is ours to remove; all else is found out below.
    await removal.catch(() => undefined)
    await endPauseProcess(directory)
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 5 })
}
