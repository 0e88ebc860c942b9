/** A project with one place, between ⟪ and ⟫, that an edit of `service` may change. */
export interface ExactCase {
  readonly title: string
  readonly files: Readonly<Record<string, string>>
  readonly service: string
  /** What is written there; a tag where only a tag stands. */
  readonly to?: string
}

/** A project in which nothing may change, and why. */
export interface RefusedCase {
  readonly title: string
  readonly files: Readonly<Record<string, string>>
  readonly service: string
  readonly ref?: string
  /** file:line:column */
  readonly place: string
  readonly reason: string
}

const one = (text: string) => ({ 'compose.yaml': text })
const lf = (...lines: readonly string[]) => `${lines.join('\n')}\n`
const crlf = (...lines: readonly string[]) => `${lines.join('\r\n')}\r\n`

/** Compose files as people have them; the reference is `nginx:1.2` in all of them. */
export const exactCases: readonly ExactCase[] = [
  {
    title: 'a reverse proxy with labels that look like keys',
    service: 'proxy',
    files: one(
      lf(
        'name: edge',
        'services:',
        '  proxy:',
        '    image: ⟪nginx:1.2⟫',
        '    restart: unless-stopped',
        '    command:',
        '      - --providers.docker=true',
        '      - "--entrypoints.web.address=:80"',
        '    labels:',
        '      - "traefik.http.routers.x.rule=Host(`a.example`) && PathPrefix(`/image: nginx:1.2`)"',
        '      - image=nginx:1.2',
        '    ports: ["80:80", 443:443]',
      ),
    ),
  },
  {
    title: 'an x- extension that is merged with environment',
    service: 'worker',
    files: one(
      lf(
        'x-app: &app',
        '  image: ⟪nginx:1.2⟫   # one for all',
        '  environment: &env',
        '    TZ: Europe/Berlin',
        '    IMAGE: nginx:1.2',
        'services:',
        '  web:',
        '    <<: *app',
        '    ports: ["80:80"]',
        '  worker:',
        '    <<: *app',
        '    environment: {<<: *env, ROLE: worker}',
      ),
    ),
  },
  {
    title: 'a chain of x- extensions',
    service: 'b',
    files: one(
      lf(
        'x-log: &log {logging: {driver: journald}}',
        'x-base: &base {<<: *log, restart: always}',
        'x-media: &media',
        '  <<: *base',
        '  image: "⟪nginx:1.2⟫"',
        'services: {a: {<<: *media}, b: {<<: [*base, *media]}}',
      ),
    ),
  },
  {
    title: 'an anchor on the image inside a service',
    service: 'worker',
    files: one(
      lf(
        'services:',
        '  web:',
        '    image: &app ⟪nginx:1.2⟫ # {"magos": {"policy": "semver"}}',
        '  worker:',
        '    image: *app',
        '    command: [worker]',
      ),
    ),
  },
  {
    title: 'an anchor with a tag behind it',
    service: 'a',
    files: one("services:\n  a:\n    image: &i !!str '⟪nginx:1.2⟫'\n"),
  },
  {
    title: 'a tag with an anchor behind it',
    service: 'a',
    files: one('services:\n  a:\n    image: !!str &i ⟪nginx:1.2⟫\n'),
  },
  {
    title: 'an alias as a whole service',
    service: 'b',
    files: one('services:\n  a: &a\n    image: ⟪nginx:1.2⟫\n  b: *a\n'),
  },
  {
    title: 'an anchor that is defined twice',
    service: 'b',
    files: one(
      'x-1: &i nginx:1.2\nservices:\n  a: {image: *i}\n  b: {image: &i ⟪nginx:1.2⟫}\n  c: {image: *i}\n',
    ),
  },
  {
    title: 'CRLF everywhere and a BOM',
    service: 'db',
    files: one(
      `\uFEFF${crlf('# stack', 'services:', '  db:', '    image: ⟪nginx:1.2⟫', '    tty: true', '')}`,
    ),
  },
  {
    title: 'CRLF without a last line break',
    service: 'db',
    files: one('services:\r\n  db:\r\n    image: "⟪nginx:1.2⟫"'),
  },
  {
    title: 'mixed line ends and blank lines of blanks',
    service: 'db',
    files: one(
      'services:\r\n\n   \n  db:\n    \r\n    image: ⟪nginx:1.2⟫ \t \r\n\t\n    tty: true\n\n\n',
    ),
  },
  {
    title: 'tabs before and in comments',
    service: 'a',
    files: one('services:\t# \tservices\n  a:\t\n    image:\t⟪nginx:1.2⟫\t\t#\tnginx:1.2\n'),
  },
  {
    title: 'a comment right behind a quote',
    service: 'a',
    files: one('services:\n  a:\n    image: "⟪nginx:1.2⟫" #nginx:1.2\n'),
  },
  {
    title: 'comments between key and value',
    service: 'a',
    files: one(
      'services:\n  a:\n    image: # the image: nginx:1.2\n      # nginx:1.2\n      ⟪nginx:1.2⟫\n    tty: true\n',
    ),
  },
  {
    title: 'a service that is commented out before it',
    service: 'a',
    files: one(
      'services:\n#  old:\n#    image: nginx:1.2\n  a:\n    # image: nginx:1.2\n    image: ⟪nginx:1.2⟫\n',
    ),
  },
  {
    title: 'flow style on one line with two services alike',
    service: 'b',
    files: one(
      '{services: {a: {image: nginx:1.2}, b: {image: ⟪nginx:1.2⟫}, c: {image: nginx:1.2}}}',
    ),
  },
  {
    title: 'flow style over lines with trailing commas',
    service: 'a',
    files: one('services: {\n  a: {\n    image: ⟪nginx:1.2⟫,\n    tty: true,\n  },\n}\n'),
  },
  {
    title: 'JSON with indentation and escapes elsewhere',
    service: 'a',
    files: one(
      '{\n\t"services": {\n\t\t"a": {"labels": {"x": "\\u0041\\"nginx:1.2"}, "image": "⟪nginx:1.2⟫"}\n\t}\n}\n',
    ),
  },
  {
    title: 'JSON without a space behind its colons',
    service: 'a',
    files: one('{"services":{"a":{"image":"⟪nginx:1.2⟫","tty":true}}}'),
  },
  {
    title: 'quoted keys',
    service: 'a',
    files: one('"services":\n  \'a\':\n    "image": ⟪nginx:1.2⟫\n'),
  },
  {
    title: 'explicit keys all the way',
    service: 'a',
    files: one('? services\n: ? a\n  : ? image\n    : ⟪nginx:1.2⟫\n    ? tty\n    : true\n'),
  },
  {
    title: 'a folded block with chomping',
    service: 'a',
    files: one(
      'services:\n  a:\n    image: >-\n      ⟪nginx:1.2⟫\n\n    # nginx:1.2\n    tty: true\n',
    ),
  },
  {
    title: 'a literal block with an indicator and a comment',
    service: 'a',
    files: one(
      'services:\n  a:\n    image: |-2 # nginx:1.2\n      ⟪nginx:1.2⟫\n  b: {image: nginx:1.2}\n',
    ),
  },
  {
    title: 'a literal block at the end of the file',
    service: 'a',
    files: one('services:\n  a:\n    image: |-\n      ⟪nginx:1.2⟫'),
  },
  {
    title: 'a block scalar that holds a compose file',
    service: 'a',
    files: one(
      lf(
        'configs:',
        '  c:',
        '    content: |',
        '      services:',
        '        a:',
        '          image: nginx:1.2',
        'services:',
        '  a:',
        '    image: ⟪nginx:1.2⟫',
        '    configs: [c]',
        '    entrypoint: >',
        '      sh -c "echo image: nginx:1.2',
        '      nginx:1.2"',
      ),
    ),
  },
  {
    title: 'a folded plain command beside it',
    service: 'a',
    files: one('services:\n  a:\n    command: run\n      nginx:1.2\n    image: ⟪nginx:1.2⟫\n'),
  },
  {
    title: 'the second of two documents',
    service: 'a',
    files: one(
      'services:\n  a: {image: nginx:1.2}\n---\n# later\nservices:\n  a:\n    image: ⟪nginx:1.2⟫\n',
    ),
  },
  {
    title: 'the first of three, where the others say nothing of it',
    service: 'a',
    files: one(
      'services: {a: {image: ⟪nginx:1.2⟫}}\n---\nservices: {b: {image: nginx:1.2}}\n...\n---\nservices: {a: {tty: true}}\n',
    ),
  },
  {
    title: 'directives and document marks',
    service: 'a',
    files: one('%YAML 1.2\n---\nservices:\n  a:\n    image: ⟪nginx:1.2⟫\n...\n'),
  },
  {
    title: 'YAML 1.1 and its booleans',
    service: 'on',
    files: one(
      '%YAML 1.1\n---\nservices:\n  "on":\n    image: ⟪nginx:1.2⟫\n    tty: yes\n    mem_limit: 1_000\n',
    ),
  },
  {
    title: 'sequences at the indentation of their key',
    service: 'a',
    files: one(
      'services:\n    a:\n        ports:\n        - 80:80\n        - "443:443"\n        image: ⟪nginx:1.2⟫\n        volumes:\n        -   ./a:/b\n',
    ),
  },
  {
    title: 'services of one blank',
    service: 'a',
    files: one('services:\n a:\n  image:   ⟪nginx:1.2⟫\n b:\n  image:   nginx:1.2\n'),
  },
  {
    title: 'names of letters beyond ASCII and pairs of surrogates',
    service: 'größe-😀',
    files: one('services:\n  größe-😀: {labels: {"😀": "𝔘"}, image: ⟪nginx:1.2⟫} # 😀 nginx:1.2\n'),
  },
  {
    title: 'a service that is called image',
    service: 'image',
    files: one('services:\n  image:\n    image: ⟪nginx:1.2⟫\n    labels: {image: nginx:1.2}\n'),
  },
  {
    title: 'a service that is called services',
    service: 'services',
    files: one('services:\n  services:\n    image: ⟪nginx:1.2⟫\nvolumes: {services: {}}\n'),
  },
  {
    title: 'a service whose name is a number',
    service: '8080',
    files: one('services:\n  8080:\n    image: ⟪nginx:1.2⟫\n  "80": {image: nginx:1.2}\n'),
  },
  {
    title: 'profiles, deploy and healthcheck with the same words',
    service: 'debug',
    files: one(
      lf(
        'services:',
        '  web:',
        '    image: nginx:1.2',
        '    deploy: {resources: {limits: {cpus: "0.5"}}}',
        '  debug:',
        '    profiles: [debug, "nginx:1.2"]',
        '    healthcheck: {test: ["CMD", "image:", "nginx:1.2"]}',
        '    image: ⟪nginx:1.2⟫',
        '    depends_on: {web: {condition: service_healthy}}',
      ),
    ),
  },
  {
    title: 'a volume of type image',
    service: 'a',
    files: one(
      'services:\n  a:\n    volumes: [{type: image, source: nginx:1.2, target: /x}]\n    image: ⟪nginx:1.2⟫\n',
    ),
  },
  {
    title: 'extends in the same file, short and long',
    service: 'c',
    files: one(
      'services:\n  base:\n    image: ⟪nginx:1.2⟫\n  b: {extends: base}\n  c:\n    extends:\n      service: b\n    tty: true\n',
    ),
  },
  {
    title: 'extends in the same file by its own name',
    service: 'b',
    files: one(
      'services:\n  a: {image: ⟪nginx:1.2⟫}\n  b: {extends: {file: compose.yaml, service: a}}\n',
    ),
  },
  {
    title: 'extends into a file above',
    service: 'web',
    files: {
      'app/compose.yaml': 'services:\n  web: {extends: {file: ../common.yml, service: base}}\n',
      'common.yml': "services:\r\n  base:\r\n    image: '⟪nginx:1.2⟫'\r\n",
    },
  },
  {
    title: 'extends over three files',
    service: 'web',
    files: {
      'app/compose.yaml': 'services: {web: {extends: {file: ../b/b.yml, service: b}}}\n',
      'b/b.yml': 'services: {b: {extends: {file: c/c.yml, service: c}, tty: true}}\n',
      'b/c/c.yml': 'x-i: &i ⟪nginx:1.2⟫\nservices: {c: {image: *i}}\n',
    },
  },
  {
    title: 'extends into a file where the base’s image is merged',
    service: 'web',
    files: {
      'compose.yaml': 'services: {web: {extends: {file: base.yml, service: b}}}\n',
      'base.yml': 'x-b: &b\n  image: ⟪nginx:1.2⟫\nservices:\n  b:\n    <<: *b\n',
    },
  },
  {
    title: 'include in its short form',
    service: 'db',
    files: {
      'compose.yaml': 'include:\n  - infra/compose.yaml\nservices: {web: {image: nginx:1.2}}\n',
      'infra/compose.yaml': 'services:\n  db:\n    image: ⟪nginx:1.2⟫\n',
    },
  },
  {
    title: 'include in its long form, of two files',
    service: 'db',
    files: {
      'compose.yaml':
        'include:\n  - path:\n      - a.yml\n      - ./b.yml\n    project_directory: .\n',
      'a.yml': 'services: {web: {image: nginx:1.2}}\n',
      'b.yml': 'services: {db: {image: "⟪nginx:1.2⟫"}}',
    },
  },
  {
    title: 'include of what extends',
    service: 'db',
    files: {
      'compose.yaml': 'include: [sub/c.yml]\n',
      'sub/c.yml': 'services: {db: {extends: {file: ../base.yml, service: x}}}\n',
      'base.yml': 'services: {x: {image: ⟪nginx:1.2⟫}}\n',
    },
  },
  {
    title: 'a default that is a whole reference',
    service: 'a',
    files: one('services:\n  a:\n    image: "${APP_IMAGE:-⟪nginx:1.2⟫}"\n'),
  },
  {
    title: 'a default that is a tag',
    service: 'a',
    to: '1.3',
    files: one(
      'services:\n  a:\n    image: nginx:${NGINX_VERSION:-⟪1.2⟫}\n    labels: {v: "1.2"}\n',
    ),
  },
  {
    title: 'a default without a colon',
    service: 'a',
    to: '1.3',
    files: one("services:\n  a: {image: 'nginx:${V-⟪1.2⟫}'}\n"),
  },
  {
    title: 'a default, where the .env has the variable empty',
    service: 'a',
    to: '1.3',
    files: { ...one('services: {a: {image: "nginx:${V:-⟪1.2⟫}"}}\n'), '.env': 'V=\nX=1.2\n' },
  },
  {
    title: 'a default in an anchor',
    service: 'b',
    to: '1.3',
    files: one('x-i: &i nginx:${V:-⟪1.2⟫}\nservices: {a: {image: *i}, b: {image: *i}}\n'),
  },
  {
    title: 'a tag in the .env',
    service: 'a',
    to: '1.3',
    files: {
      ...one('services:\n  a:\n    image: nginx:$TAG\n'),
      '.env': 'A=1.2\nTAG=⟪1.2⟫\nB=1.2\n',
    },
  },
  {
    title: 'a tag in an .env of CRLF, quotes, export and a comment',
    service: 'a',
    to: '1.3',
    files: {
      ...one('services:\n  a:\n    image: nginx:${TAG}\n'),
      '.env': '\uFEFF# TAG=1.2\r\n\r\nexport TAG = "⟪1.2⟫"   # 1.2\r\nTAGS=1.2',
    },
  },
  {
    title: 'a whole reference in single quotes in the .env',
    service: 'a',
    files: {
      ...one('services:\n  a:\n    image: ${IMG:?set it}\n'),
      '.env': "IMG='⟪nginx:1.2⟫' # x\n",
    },
  },
  {
    title: 'the last of two assignments',
    service: 'a',
    to: '1.3',
    files: { ...one('services: {a: {image: "nginx:$T"}}\n'), '.env': 'T=1.2\nT=⟪1.2⟫\n' },
  },
  {
    title: 'the .env beside the compose file and not the one above',
    service: 'a',
    to: '1.3',
    files: {
      'app/compose.yaml': 'services: {a: {image: "nginx:$T"}}\n',
      'app/.env': 'T: ⟪1.2⟫\n',
      '.env': 'T=1.2\n',
    },
  },
  {
    title: 'the env_file of an include',
    service: 'a',
    to: '1.3',
    files: {
      'compose.yaml': 'include: [{path: sub/c.yml, env_file: sub/x.env}]\n',
      'sub/c.yml': 'services: {a: {image: "nginx:$T"}}\n',
      'sub/x.env': '# x\nT=⟪1.2⟫ # T=1.2\n',
      'sub/.env': 'T=1.2\n',
    },
  },
  {
    title: 'a value in an .env behind a quote over lines',
    service: 'a',
    to: '1.3',
    files: {
      ...one('services: {a: {image: "nginx:$T"}}\n'),
      '.env': 'KEY="-----BEGIN\nT=1.2\n-----END"\nT=⟪1.2⟫\n',
    },
  },
  {
    title: 'a merge that is overridden by an own image',
    service: 'b',
    files: one(
      'x-b: &b {image: nginx:1.2}\nservices:\n  a: {<<: *b}\n  b: {<<: *b, image: ⟪nginx:1.2⟫}\n',
    ),
  },
  {
    title: 'a reset of an own image above a merged one',
    service: 'a',
    files: one('x-b: &b {image: ⟪nginx:1.2⟫}\nservices:\n  a: {<<: *b, image: !reset null}\n'),
  },
  {
    title: 'an override list beside it',
    service: 'a',
    files: one(
      'services:\n  a:\n    ports: !override\n      - 80:80\n    image: ⟪nginx:1.2⟫\n    dns: !reset []\n',
    ),
  },
  {
    title: 'very long lines before and behind it',
    service: 'a',
    files: one(
      `services:\n  a:\n    command: ${'word '.repeat(3000)}\n    image: ⟪nginx:1.2⟫ # ${'x'.repeat(9000)}\n`,
    ),
  },
  {
    title: 'letters of two, three and four bytes on its own line',
    service: 'a',
    files: one('services: {a: {labels: {k: "é中😀"}, image: "⟪nginx:1.2⟫", hostname: "é中😀"}}\n'),
  },
  {
    title: 'dates, octals and sexagesimals beside it',
    service: 'a',
    files: one(
      'services:\n  a:\n    labels: {d: 2024-01-01, o: 0755, s: 12:30:45, n: ~, f: .5e3}\n    image: ⟪nginx:1.2⟫\n',
    ),
  },
  {
    title: 'line breaks of YAML 1.1 within quotes',
    service: 'a',
    files: one(
      'services:\n  a:\n    labels: {x: "\u2028 \u2029", y: \'\u0085\'}\n    image: ⟪nginx:1.2⟫\n',
    ),
  },
  {
    title: 'a top-level key that is called image',
    service: 'a',
    files: one('image: nginx:1.2\nx-image: nginx:1.2\nservices:\n  a:\n    image: ⟪nginx:1.2⟫\n'),
  },
  {
    title: 'fifty services on one anchor',
    service: 's49',
    files: one(
      `x-a: &a {image: ⟪nginx:1.2⟫}\nservices:\n${Array.from({ length: 50 }, (_, n) => `  s${n}: {<<: *a}\n`).join('')}`,
    ),
  },
]

const env = (content: string) => ({
  ...one('services:\n  a:\n    image: nginx:$T\n'),
  '.env': content,
})

/** What cannot be exact; each names the place where somebody has to look. */
export const refusedCases: readonly RefusedCase[] = [
  {
    title: 'a duplicate key elsewhere in the file',
    service: 'a',
    files: one('services:\n  a: {image: nginx:1.2}\n  b:\n    tty: true\n    tty: false\n'),
    place: 'compose.yaml:5:5',
    reason: 'stands twice',
  },
  {
    title: 'a broken second document',
    service: 'a',
    files: one('services:\n  a: {image: nginx:1.2}\n---\nservices:\n  b: {image: "x\n'),
    place: 'compose.yaml:5:14',
    reason: 'Cannot edit',
  },
  {
    title: 'a tab for indentation',
    service: 'a',
    files: one('services:\n  a:\n\t  image: nginx:1.2\n'),
    place: 'compose.yaml:3:1',
    reason: 'Cannot edit',
  },
  {
    title: 'a conflict of a merge',
    service: 'a',
    files: one(
      'services:\n  a:\n<<<<<<< HEAD\n    image: nginx:1.2\n=======\n    image: nginx:1.3\n>>>>>>> x\n',
    ),
    place: 'compose.yaml:3:1',
    reason: 'Cannot edit',
  },
  {
    title: 'a template',
    service: 'a',
    files: one('services:\n  a:\n    image: {{ app_image }}\n'),
    place: 'compose.yaml:3:13',
    reason: 'Cannot edit',
  },
  {
    title: 'a comment without its space',
    service: 'a',
    files: one('services:\n  a:\n    image: nginx:1.2#pinned\n'),
    place: 'compose.yaml:3:12',
    reason: 'pinned',
  },
  {
    title: 'two folded lines in quotes',
    service: 'a',
    files: one('services:\n  a:\n    image: "nginx:\n      1.2"\n'),
    place: 'compose.yaml:3:13',
    reason: 'several lines',
  },
  {
    title: 'an escape',
    service: 'a',
    files: one('services:\n  a:\n    image: "nginx\\x3a1.2"\n'),
    place: 'compose.yaml:3:13',
    reason: 'escapes',
  },
  {
    title: 'a list',
    service: 'a',
    files: one('services:\n  a:\n    image: [nginx:1.2]\n'),
    place: 'compose.yaml:3:12',
    reason: 'it is no text',
  },
  {
    title: 'a date',
    service: 'a',
    files: one('services:\n  a:\n    image: 20240101\n'),
    place: 'compose.yaml:3:12',
    reason: 'it is no text',
  },
  {
    title: 'build beside it',
    service: 'a',
    files: one('services:\n  a:\n    build: .\n    image: nginx:1.2\n'),
    place: 'compose.yaml:4:12',
    reason: 'builds its image',
  },
  {
    title: 'build in the base of another file',
    service: 'a',
    files: {
      'compose.yaml': 'services:\n  a: {extends: {file: b.yml, service: b}, image: nginx:1.2}\n',
      'b.yml': 'services: {b: {build: .}}\n',
    },
    place: 'compose.yaml:2:50',
    reason: 'builds its image',
  },
  {
    title: 'an anchor that is a label too',
    service: 'a',
    files: one('services:\n  a:\n    image: &i nginx:1.2\n    labels: {v: *i}\n'),
    place: 'compose.yaml:3:15',
    reason: 'is used in line 4 too',
  },
  {
    title: 'a folded text in a plain scalar that is a date afterwards',
    service: 'a',
    ref: '2024-01-01',
    files: one('services:\n  a:\n    image: nginx\n'),
    place: 'compose.yaml:3:12',
    reason: 'would change more',
  },
  {
    title: 'an address in brackets in a flow mapping',
    service: 'a',
    ref: '[2001:db8::1]:5000/o/app:1',
    files: one('services: {a: {image: nginx:1.2}}\n'),
    place: 'compose.yaml:1:23',
    reason: 'would change more',
  },
  {
    title: 'another repository where only the tag is variable',
    service: 'a',
    ref: 'redis:7',
    files: one('services:\n  a:\n    image: nginx:${V:-1.2}\n'),
    place: 'compose.yaml:3:12',
    reason: 'another repository',
  },
  {
    title: 'a default in a default',
    service: 'a',
    files: one('services:\n  a:\n    image: nginx:${A:-${B:-1.2}}\n'),
    place: 'compose.yaml:3:12',
    reason: 'variable',
  },
  {
    title: 'a variable of the environment',
    service: 'a',
    files: env('X=1\n'),
    place: 'compose.yaml:3:12',
    reason: '.env does not set it',
  },
  {
    title: 'a variable of a value made of others',
    service: 'a',
    files: env('B=1\nT=$B.2\n'),
    place: 'compose.yaml:3:12',
    reason: '.env:2, and its value is made of others',
  },
  {
    title: 'an encrypted .env',
    service: 'a',
    files: env('T=ENC[AES256_GCM,data:aa,iv:bb,tag:cc,type:str]\nsops_version=3.9.0\n'),
    place: 'compose.yaml:3:12',
    reason: 'SOPS',
  },
  {
    title: 'a quote in single quotes that a backslash hides',
    service: 'a',
    files: env("X='a\\' #\nT=1.2\n'\n"),
    place: 'compose.yaml:3:12',
    reason: '.env',
  },
  {
    title: 'extends above the repository',
    service: 'a',
    files: one('services:\n  a:\n    extends: {file: ../../x.yml, service: b}\n'),
    place: 'compose.yaml:3:21',
    reason: 'cannot be read',
  },
  {
    title: 'include from elsewhere',
    service: 'b',
    files: one('include:\n  - oci://ghcr.io/o/app\nservices: {a: {image: nginx:1.2}}\n'),
    place: 'compose.yaml:2:5',
    reason: 'it is fetched from elsewhere',
  },
  {
    title: 'a service of a broken file that is included',
    service: 'b',
    files: { 'compose.yaml': 'include: [b.yml]\n', 'b.yml': 'services: {b: {image: nginx:1.2}\n' },
    place: 'b.yml:2:1',
    reason: 'no file that can be read has that service: Flow map',
  },
  {
    title: 'a bare carriage return',
    service: 'a',
    files: one('services:\n  a:\n    image: nginx:1.2 # x\r    build: .\n'),
    place: 'compose.yaml:3:25',
    reason: 'line break',
  },
  ...['\u0085', '\u2028', '\u2029'].map((mark) => ({
    title: `a line break U+${mark.charCodeAt(0).toString(16).padStart(4, '0')} of YAML 1.1`,
    service: 'a',
    files: one(`services:\n  a:\n    image: nginx:1.2 # x${mark}    build: .\n`),
    place: 'compose.yaml:3:25',
    reason: 'line break',
  })),
]
