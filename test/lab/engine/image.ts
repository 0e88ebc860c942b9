import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { busyboxPath } from './install.ts'

/** What a tiny image does. It answers `serves` on port 8080, unless it crashes. */
export interface ImageContent {
  readonly serves?: string
  /** Its health check: asks itself, always fails, or there is none. */
  readonly health?: 'ok' | 'failing' | 'none'
  /** Ends with this exit code, after so many seconds. */
  readonly crash?: { readonly exitCode: number; readonly after?: number }
  /** More files, by their path from the root. */
  readonly files?: Readonly<Record<string, string>>
}

const APPLETS = ['cat', 'echo', 'env', 'false', 'httpd', 'mkdir', 'sh', 'sleep', 'true', 'wget']

/** Writes a build context: busybox, its names, and the Dockerfile that makes an image of them from scratch. */
export async function writeBuildContext(directory: string, content: ImageContent): Promise<void> {
  const { serves = 'ok', files = {} } = content
  const busybox = busyboxPath()
  if (busybox === null) throw new Error('No static busybox here: install busybox-static')
  const all = { ...files, 'www/index.html': `${serves}\n` }
  await mkdir(join(directory, 'bin'), { recursive: true })
  await copyFile(busybox, join(directory, 'bin/busybox'))
  await Promise.all(APPLETS.map((name) => symlink('busybox', join(directory, 'bin', name))))
  for (const [path, text] of Object.entries(all)) {
    const file = join(directory, 'root', path)
    await mkdir(join(file, '..'), { recursive: true })
    await writeFile(file, text)
  }
  await writeFile(join(directory, 'Dockerfile'), dockerfile(content))
}

/** Busybox as PID 1 ignores TERM, and a stop would wait ten seconds for it: the image asks to be killed. */
function dockerfile({ health = 'ok', crash }: ImageContent): string {
  const check = { ok: '["wget","-q","-O","-","http://127.0.0.1:8080/"]', failing: '["false"]' }
  const timing = '--interval=500ms --timeout=5s --retries=2'
  const command =
    crash === undefined
      ? ['httpd', '-f', '-p', '8080', '-h', '/www']
      : [
          'sh',
          '-c',
          `echo coming up; sleep ${crash.after ?? 0}; echo going down; exit ${crash.exitCode}`,
        ]
  return [
    'FROM scratch',
    // A layer of its own, which all images share: built, compressed and pushed once.
    'COPY bin /bin',
    'COPY root /',
    'STOPSIGNAL SIGKILL',
    ...(health === 'none' ? [] : [`HEALTHCHECK ${timing} CMD ${check[health]}`]),
    `CMD ${JSON.stringify(command)}`,
    '',
  ].join('\n')
}
