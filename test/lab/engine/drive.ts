import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeBuildContext, type ImageContent } from './image.ts'

const run = promisify(execFile)

export interface Drive {
  /** The engine's own program. */
  readonly program: string
  /** Options of its `build`, beside the tag. */
  readonly build: readonly string[]
  /** Everything of the engine lies here. */
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  /** Begins the names of projects. */
  readonly prefix: string
}

/** What any engine of the lab does by its command line. */
export function driveEngine({ program, build, directory, env, prefix }: Drive) {
  const cli = async (args: readonly string[]): Promise<string> => {
    const { stdout } = await run(program, [...args], { env, maxBuffer: 64 << 20 })
    return stdout.trim()
  }
  let serial = 0
  const unique = () => `${process.pid.toString(36)}-${(serial += 1)}`
  return {
    cli,
    project: (name: string): string => `${prefix}-${name}-${unique()}`,
    async buildImage(tag: string, content: ImageContent = {}): Promise<void> {
      const context = join(directory, `build-${unique()}`)
      await writeBuildContext(context, content)
      await cli(['build', '-q', ...build, '-t', tag, context])
      await rm(context, { recursive: true })
    },
  }
}
