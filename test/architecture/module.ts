import { parseAst } from 'rolldown/parseAst'

export interface Import {
  readonly specifier: string
  /** `type`: gone once the types are stripped. `lazy`: by `import()`. */
  readonly kind: 'value' | 'type' | 'lazy'
}

/** What the rules look at in one module. */
export interface Module {
  /** From the project's root. */
  readonly path: string
  readonly imports: readonly Import[]
  readonly hasDefaultExport: boolean
  /** Whether anything is left of it once the types are stripped. */
  readonly hasRuntime: boolean
  readonly readsEnvironment: boolean
  /** Whether it asks for the time, for chance, or for a timer. */
  readonly readsClock: boolean
}

/** Reads a TypeScript module by its syntax tree, so that neither comments nor strings deceive. */
export function readModule(path: string, text: string): Module {
  const program: unknown = parseAst(text, { lang: 'ts' }, path)
  const found = {
    imports: [] as Import[],
    hasDefaultExport: false,
    readsEnvironment: false,
    readsClock: false,
  }
  const body = isNode(program) && Array.isArray(program['body']) ? program['body'] : []
  walk(program, (node) => {
    const imported = importOf(node)
    if (imported) found.imports.push(imported)
    found.hasDefaultExport ||= isDefaultExport(node)
    found.readsEnvironment ||= readsEnvironment(node)
    found.readsClock ||= readsClock(node)
  })
  return { path, ...found, hasRuntime: body.some((node) => isNode(node) && !isTypeOnly(node)) }
}

const TIMERS: ReadonlySet<unknown> = new Set(['setTimeout', 'setInterval', 'setImmediate'])
const CLOCKS = [
  ['Date', 'now'],
  ['performance', 'now'],
  ['Math', 'random'],
] as const

type Node = Readonly<Record<string, unknown>> & { readonly type: string }

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  )
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) for (const each of value) walk(each, visit)
  if (!isNode(value)) return
  visit(value)
  for (const child of Object.values(value)) walk(child, visit)
}

function importOf(node: Node): Import | null {
  const specifier = isNode(node['source']) ? node['source']['value'] : undefined
  if (typeof specifier !== 'string') return null
  if (node.type === 'ImportExpression') return { specifier, kind: 'lazy' }
  if (node.type === 'TSImportType') return { specifier, kind: 'type' }
  const isType = node['importKind'] === 'type' || node['exportKind'] === 'type'
  return { specifier, kind: isType ? 'type' : 'value' }
}

function isDefaultExport(node: Node): boolean {
  if (node.type === 'ExportDefaultDeclaration') return true
  return node.type === 'ExportSpecifier' && nameOf(node['exported']) === 'default'
}

function readsEnvironment(node: Node): boolean {
  if (node.type === 'ImportSpecifier') return nameOf(node['imported']) === 'env'
  if (node.type === 'VariableDeclarator') {
    return nameOf(node['init']) === 'process' && isNode(node['id']) && takes(node['id'], 'env')
  }
  return isMember(node, 'process', 'env')
}

function takes(pattern: Node, name: string): boolean {
  const properties = Array.isArray(pattern['properties']) ? pattern['properties'] : []
  return properties.some((each) => isNode(each) && nameOf(each['key']) === name)
}

function readsClock(node: Node): boolean {
  const callee = nameOf(node['callee'])
  const given = Array.isArray(node['arguments']) ? node['arguments'].length : 0
  if (node.type === 'NewExpression') return callee === 'Date' && given === 0
  if (node.type === 'CallExpression') return TIMERS.has(callee)
  return CLOCKS.some(([object, property]) => isMember(node, object, property))
}

function isMember(node: Node, object: string, property: string): boolean {
  const isOf = node.type === 'MemberExpression' && nameOf(node['object']) === object
  return isOf && nameOf(node['property']) === property
}

function isTypeOnly(node: Node): boolean {
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true
  return node.type === 'TSInterfaceDeclaration' || node.type === 'TSTypeAliasDeclaration'
}

/** Of an identifier, or of a string that stands for one. */
function nameOf(value: unknown): unknown {
  return isNode(value) ? (value['name'] ?? value['value']) : undefined
}
