export type TarFile =
  | {
      readonly content: string | Uint8Array
      /** Default 0o644. */
      readonly mode?: number
    }
  /** A symlink to there. */
  | { readonly link: string }

/** A tar archive (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html, ustar) without times or owners, so that equal files make equal bytes. */
export function writeTar(files: Readonly<Record<string, TarFile>>): Uint8Array {
  const directories = new Set<string>()
  const blocks: Uint8Array[] = []
  for (const [path, file] of Object.entries(files)) {
    for (const parent of parentsOf(path)) {
      if (directories.has(parent)) continue
      directories.add(parent)
      blocks.push(header(`${parent}/`, 0o755, 0, '5'))
    }
    if ('link' in file) {
      blocks.push(header(path, 0o777, 0, '2', file.link))
      continue
    }
    const { content, mode = 0o644 } = file
    const bytes = Buffer.from(content)
    blocks.push(header(path, mode, bytes.byteLength, '0'), bytes, padding(bytes.byteLength))
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockSize)])
}

const blockSize = 512

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

function padding(size: number): Uint8Array {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize)
}

function header(
  path: string,
  mode: number,
  size: number,
  type: '0' | '2' | '5',
  link = '',
): Uint8Array {
  if (Buffer.byteLength(path) > 100) throw new Error(`Path too long for the lab's tar: ${path}`)
  const block = Buffer.alloc(blockSize)
  block.write(path, 0)
  block.write(octal(mode, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(size, 11), 124)
  block.write(octal(0, 11), 136)
  block.write('        ', 148)
  block.write(type, 156)
  block.write(link, 157)
  block.write('ustar\u000000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148)
  return block
}

function octal(value: number, width: number): string {
  return value.toString(8).padStart(width, '0')
}
