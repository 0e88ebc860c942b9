import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const LAUNCHER = join(ROOT, 'src/cli/magos.sh')
const ROLLDOWN = join(
  dirname(createRequire(import.meta.url).resolve('rolldown/package.json')),
  'bin/cli.mjs',
)

/** One way to start what is measured. */
export interface Form {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface Forms {
  /** The installed package: the launcher below a node_modules folder, which starts the bundle with a compile cache. */
  readonly release: Form
  /** Its bundle without the launcher. */
  readonly bundle: Form
  /** The checkout: the launcher starts the TypeScript as it is. */
  readonly source: Form
  /** The floor, bundled and cached as the release is. */
  readonly bare: Form
}

/** Builds what has to be built and lays it down below the directory. */
export async function layForms(directory: string): Promise<Forms> {
  const modules = join(directory, 'node_modules')
  const release = join(modules, 'magos-dominus')
  const [bundle, bare] = [join(release, 'dist/magos.mjs'), join(directory, 'bare.mjs')]
  const launcher = join(release, 'src/cli/magos.sh')
  for (const path of [bundle, launcher, join(modules, '.bin/node')]) {
    await mkdir(dirname(path), { recursive: true })
  }
  await rolldown('--config', 'rolldown.config.ts')
  const floor = ['--platform', 'node', '--format', 'esm', '--minify', '--file', bare]
  await rolldown(join(import.meta.dirname, 'bare-server.ts'), ...floor)
  await copyFile(join(ROOT, 'dist/magos.mjs'), bundle)
  await copyFile(LAUNCHER, launcher)
  await chmod(launcher, 0o755)
  await writeFile(join(release, 'package.json'), '{"type":"module"}\n')
  await symlink(process.execPath, join(modules, '.bin/node'))
  const home = { XDG_CACHE_HOME: join(directory, 'cache') }
  // What the launcher of a release sets by itself.
  const cached = { ...home, NODE_COMPILE_CACHE: join(directory, 'cache/magos-dominus') }
  return {
    release: { command: [launcher, 'run'], env: home },
    bundle: { command: [process.execPath, bundle, 'run'], env: cached },
    source: { command: [LAUNCHER, 'run'], env: home },
    bare: { command: [process.execPath, bare], env: cached },
  }
}

async function rolldown(...args: readonly string[]): Promise<void> {
  await run(process.execPath, [ROLLDOWN, ...args, '--log-level', 'warn'], { cwd: ROOT })
}
