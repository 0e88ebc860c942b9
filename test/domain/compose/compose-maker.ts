/** Numbers from a seed: the same seed, the same files. https://en.wikipedia.org/wiki/Xorshift */
export type Dice = <T>(...sides: readonly T[]) => T

export function makeDice(seed: number): Dice {
  let state = (Math.imul(seed, 2_654_435_761) + 88_172_645) >>> 0 || 1
  return (...sides) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const side = sides[(state >>> 0) % sides.length]
    if (side === undefined) throw new Error('Dice need sides')
    return side
  }
}

const references = [
  'nginx:1.2',
  'redis',
  'ghcr.io/o/app:v1.2.3-alpine',
  'localhost:5000/a:x',
  'r.example:5000/a/b-c__d:2024',
  `ghcr.io/o/app:1@sha256:${'a'.repeat(64)}`,
  `quay.io/x/y@sha256:${'b'.repeat(64)}`,
]

/** A compose file as somebody, or nobody in their right mind, might write it. */
export function makeCompose(dice: Dice): string {
  const indent = dice('  ', '  ', '    ', ' ')
  const services = Array.from({ length: dice(2, 6, 12, 20, 30) }, (_, index) =>
    service(dice, indent, dice(`s${index}`, `"s${index}"`, `'ü${index}😀'`, `s-${index}`)),
  )
  const head = dice(
    '',
    '',
    '---\n',
    '\uFEFF',
    '# stack: image: nginx:1.2\n\n',
    'name: shop\n',
    '%YAML 1.2\n---\n',
  )
  const tail = dice(
    '',
    '\n',
    '\n\n\n',
    'volumes:\n  data: {}\n',
    'networks: {default: {}}   # net\n',
    '# end\n',
  )
  const more = dice(
    '',
    '',
    '',
    '---\nservices:\n  late: {image: late:1}\n',
    '...\n---\n# nothing\n',
  )
  const text = `${head}${shared(dice)}services:${dice('', ' ', ' # all')}\n${services.join('')}${tail}${more}`
  return withNewlines(dice, dice(false, false, true) ? text.replace(/\n+$/, '') : text)
}

/** Anchors that services merge or stand for. */
function shared(dice: Dice): string {
  const ref = dice(...references)
  return [
    `x-app: &app\n  image: ${quoted(dice, ref)}${comment(dice)}\n  tty: true\n`,
    `x-img: &img ${quoted(dice, dice(...references))}${comment(dice)}\n`,
    `x-flow: &flow {tty: true, image: "${dice(...references)}", labels: [a, "b#c"]}\n`,
    dice(
      '',
      `x-deep: &deep\n  <<: [*app, *flow]\n  environment: {IMAGE: '${ref}'}\n`,
      'x-none: &none\n',
    ),
  ].join(dice('', '\n', '# x\n'))
}

function service(dice: Dice, indent: string, name: string): string {
  const two = indent + indent
  const ref = dice(...references)
  const value = quoted(dice, ref)
  const gap = dice(' ', ' ', '  ', '\t', '        ')
  const note = comment(dice)
  const beside = besides(dice, two, ref)
  const key = dice('image', 'image', '"image"', "'image'")
  const open = `${indent}${name}:\n`
  const styles = [
    `${open}${beside}${two}${key}:${gap}${value}${note}\n`,
    `${open}${two}${key}:${gap}${value}${note}\n${beside}`,
    `${open}${two}${key}: ${value}${note}\n${two}# image: ${ref}\n${beside}`,
    `${indent}${name}: {${key}: ${value}, tty: true}${note}\n`,
    `${indent}${name}: {tty: true,${gap}${key}:${gap}${value} }${note}\n`,
    `${indent}${name}: {\n${two}${key}: ${value},${note}\n${two}tty: true\n${indent}}\n`,
    `${open}${two}? image\n${two}: ${value}${note}\n${beside}`,
    `${open}${two}image:${dice('', ' # below')}\n${two}  ${value}${note}\n${beside}`,
    `${open}${two}image: !!str ${value}${note}\n`,
    `${open}${two}image: ${dice('>-', '|-')}${dice('', ' # block')}\n${two}  ${ref}\n${dice('', '\n')}${beside}`,
    `${open}${two}image: ${dice('>', '|', '>+')}\n${two}  ${ref}\n${beside}`,
    `${open}${two}image: "\${IMG:-${ref}}"${note}\n${beside}`,
    `${open}${two}image: nginx:\${TAG-${dice('1.2', '1.2-alpine', '7')}}${note}\n${beside}`,
    `${open}${two}image: '\${REGISTRY:-ghcr.io}/a:\${TAG:-1}'${note}\n`,
    `${open}${two}image: $IMG${note}\n`,
    `${open}${two}<<: *${dice('app', 'flow')}\n${beside}`,
    `${open}${two}<<: [*flow, *app]\n${two}${dice('tty', 'init')}: false\n`,
    `${open}${two}image: *img${note}\n${beside}`,
    `${open}${two}build: .\n${two}image: ${value}${note}\n`,
  ]
  return dice(...styles)
}

/** Neighbours that look like images, or make reading hard. */
function besides(dice: Dice, two: string, ref: string): string {
  return dice(
    '',
    '',
    `${two}tty: true\n`,
    `${two}command: |\n${two}  image: ${ref}\n\n${two}  done # not\n`,
    `${two}command: ["sh", "-c", "echo 'image: ${ref}' # no"]\n`,
    `${two}labels:\n${two}- image=${ref}\n${two}- "a: b"\n`,
    `${two}labels: {was: "${ref}", "x-image": ${ref.replace(/^\[.*/, 'x')}}\n`,
    `${two}environment:\n${two}  IMAGE: '${ref}'\n${two}  LONG: ${'word '.repeat(40)}\n`,
    `${two}description: >\n${two}  image: ${ref}\n\n${two}  folded\n`,
    `${two}environment: {TEXT: "tab\\t and \\"quote\\" ü 😀"}\n`,
    '\n   \n',
  )
}

function quoted(dice: Dice, ref: string): string {
  const quote = dice('', '', '"', "'")
  return `${quote}${ref}${quote}`
}

function comment(dice: Dice): string {
  return dice(
    '',
    '',
    ' # nginx:1.2',
    '\t# {"magos": {"policy": "latest"}}',
    '   # see {"magos": {"policy": "semver", "range": "^1"}} there',
    ' \t ',
  )
}

function withNewlines(dice: Dice, text: string): string {
  const style = dice('\n', '\n', '\r\n', 'mixed')
  if (style !== 'mixed') return text.replaceAll('\n', style)
  return text.replaceAll('\n', () => dice('\n', '\r\n'))
}
