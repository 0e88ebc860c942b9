import { array, boolean, constantFrom, option, record, type Arbitrary } from 'fast-check'

/** Compose files as people write them: every style of YAML that keeps an image on one line, and some that do not. */
export const composeText: Arbitrary<string> = record({
  head: constantFrom('', '---\n', '\uFEFF', '# stack\n\n', 'name: shop\n'),
  anchors: boolean(),
  services: array(service(), { minLength: 2, maxLength: 6, size: 'max' }),
  tail: constantFrom('', '\n', 'volumes:\n  data: {}\n', 'networks: {default: {}}   # net\n'),
  second: option(service(), { freq: 8, nil: null }),
  newline: constantFrom('\n', '\n', '\r\n'),
  end: constantFrom('newline', 'none'),
}).map(({ head, anchors, services, tail, second, newline, end }) => {
  const shared = anchors
    ? 'x-app: &app\n  image: shared/app:1   # both\n  tty: true\nx-img: &img "other:2"\n'
    : ''
  const body = services.map((write, index) => write(`s${index}`, anchors)).join('')
  const more = second === null ? '' : `---\nservices:\n${second('late', false)}`
  const text = `${head}${shared}services:\n${body}${tail}${more}`
  return (end === 'none' ? text.replace(/\n+$/, '') : text).replaceAll('\n', newline)
})

type Writer = (name: string, anchors: boolean) => string

function service(): Arbitrary<Writer> {
  return record({
    image: constantFrom('nginx:1.2', 'ghcr.io/o/app', 'localhost:5000/a:x', 'redis:7-alpine'),
    quote: constantFrom('', '', '"', "'"),
    style: constantFrom(
      'block',
      'block',
      'flow',
      'flow lines',
      'explicit',
      'next line',
      'merge',
      'alias',
      'held',
    ),
    gap: constantFrom(' ', '  ', '     '),
    comment: constantFrom(
      '',
      ' # nginx:1.2',
      '\t# {"magos": {"policy": "latest"}}',
      '   # see {"magos": {"policy": "semver", "range": "^1"}} there',
    ),
    extra: constantFrom('', '    tty: true\n', '    command: |\n      image: nginx:1.2\n', '\n'),
  }).map(({ image, quote, style, gap, comment, extra }) => (name, anchors) => {
    const value = `${quote}${image}${quote}`
    switch (style) {
      case 'flow':
        return `  ${name}: {${gap}image:${gap}${value} }${comment}\n`
      case 'flow lines':
        return `  ${name}: {\n    image: ${value},${comment}\n    tty: true\n  }\n`
      case 'explicit':
        return `  ${name}:\n    ? image\n    :${gap}${value}${comment}\n${extra}`
      case 'next line':
        return `  ${name}:\n    image:${comment === '' ? '' : ' # below'}\n      ${value}${comment}\n${extra}`
      case 'merge':
        return anchors ? `  ${name}:\n    <<: *app\n${extra}` : `  ${name}: {image: ${value}}\n`
      case 'alias':
        return anchors ? `  ${name}:\n    image: *img\n${extra}` : `  ${name}: {image: ${value}}\n`
      case 'held':
        return `  ${name}:\n    image:${gap}\${IMG:-${image}}${comment}\n${extra}`
      default:
        return `  ${name}:\n${extra}    image:${gap}${value}${comment}\n`
    }
  })
}
