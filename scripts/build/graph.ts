/**
 * Bun's standalone module graph, as its compiler writes it into an executable (version 1.4.5; `StandaloneModuleGraph` in its
 * source): bytecode and text of each module, bytecode of Bun's own modules, pools that all bytecode shares, a table, a
 * trailer. All numbers are little-endian, pointers are an offset and a length (u32 each).
 *
 * Bytecode of every function is three times the size of its source, and pays only for what runs at every start. Bun compiles
 * it for all modules or for none, so that of the others is taken out here: they are parsed when they are first imported.
 */

const TRAILER = Buffer.from('\n---- Bun! ----\n')
const OFFSETS = 32
const ROW = 52
/** Bytecode is mapped where it lies: aligned in memory, where the length of the graph stands before it. */
const ALIGNMENT = 128
export const LENGTH_SIZE = 8

type Pointer = { at: number; length: number }
type Module = {
  name: string
  row: Buffer
  source: Pointer
  bytecode: Pointer
}

/** Offsets of pointers within a row of the table. */
const [NAME, SOURCE, MAP, BYTECODE, INFO, ORIGIN] = [0, 8, 16, 24, 32, 40]

/** The text of each module by its name; the first to run is `entry`. */
export type Modules = { entry: string; sources: ReadonlyMap<string, string> }

/** The graph with bytecode for the modules that `keeps` names. Throws Error where it is not laid out as it is known here. */
export function trimGraph(graph: Buffer, keeps: (modules: Modules) => ReadonlySet<string>): Buffer {
  const end = graph.length - TRAILER.length
  if (!graph.subarray(end).equals(TRAILER)) throw new Error('its module graph has no end')
  const offsets = graph.subarray(end - OFFSETS, end)
  const size = Number(offsets.readBigUInt64LE(0))
  if (size !== end - OFFSETS) throw new Error('its module graph has another size than it says')
  const table = pointerAt(offsets, 8)
  if (table.length % ROW !== 0) throw new Error('the table of its module graph has other rows')
  const modules = Array.from({ length: table.length / ROW }, (_, i) => moduleAt(graph, table.at + i * ROW))
  const entry = modules[offsets.readUInt32LE(16)]
  if (!entry) throw new Error('its module graph has no entry point')
  const sources = new Map(modules.map(({ name, source }) => [name, slice(graph, source).toString()]))
  const keep = keeps({ entry: entry.name, sources })

  const out = new Writer()
  out.zeros(ALIGNMENT - LENGTH_SIZE)
  for (const { name, row, bytecode } of modules) {
    if (bytecode.length === 0) continue
    if (keep.has(name)) out.move(graph, row, BYTECODE, ALIGNMENT)
    else row.fill(0, BYTECODE, ORIGIN + 8)
  }
  const tail = Buffer.from(graph.subarray(table.at + table.length, size))
  for (const pointer of pointersIn(tail, modules.length)) out.move(graph, tail, pointer, ALIGNMENT)
  for (const { row } of modules)
    for (const pointer of [SOURCE, MAP, NAME, ORIGIN, INFO]) out.move(graph, row, pointer, 1, true)
  out.align(4)
  const at = out.length
  for (const { row } of modules) out.write(row)
  out.write(tail)
  const trailer = Buffer.from(offsets)
  trailer.writeBigUInt64LE(BigInt(out.length), 0)
  trailer.writeUInt32LE(at, 8)
  trailer.writeUInt32LE(out.length - 1, 20) // the arguments to prepend: none, which is the NUL at the end
  if (offsets.readUInt32LE(24) !== 0) throw new Error('it prepends arguments')
  out.write(trailer)
  out.write(TRAILER)
  return out.bytes()
}

/**
 * What stands behind the table: a number for each module; a list of Bun's own modules (id, pointer); the pools, two pointers
 * with a number between and one more; a list of numbers, and a NUL. Returns the offsets of all pointers.
 */
function pointersIn(tail: Buffer, modules: number): number[] {
  const list = modules * 4
  const count = tail.readUInt32LE(list)
  const pools = list + 4 + count * 12
  const pointers = [...Array.from({ length: count }, (_, i) => list + 8 + i * 12), pools, pools + 12, pools + 20]
  const numbers = tail.readUInt32LE(pools + 28)
  if (pools + 32 + numbers * 4 + 1 !== tail.length) throw new Error('its module graph ends in another way')
  return pointers
}

function moduleAt(graph: Buffer, at: number): Module {
  const row = Buffer.from(graph.subarray(at, at + ROW))
  const [name, source, bytecode] = [NAME, SOURCE, BYTECODE].map(offset => pointerAt(row, offset)) as [
    Pointer,
    Pointer,
    Pointer,
  ]
  return { name: slice(graph, name).toString(), row, source, bytecode }
}

const pointerAt = (buffer: Buffer, offset: number): Pointer => ({
  at: buffer.readUInt32LE(offset),
  length: buffer.readUInt32LE(offset + 4),
})

function slice(graph: Buffer, { at, length }: Pointer): Buffer {
  if (at + length > graph.length) throw new Error('its module graph points out of itself')
  return graph.subarray(at, at + length)
}

class Writer {
  #pieces: Buffer[] = []
  length = 0

  write(piece: Buffer) {
    this.#pieces.push(piece)
    this.length += piece.length
  }

  zeros(count: number) {
    this.write(Buffer.alloc(count))
  }

  align(to: number, bias = 0) {
    this.zeros((to - ((this.length + bias) % to)) % to)
  }

  /** Writes what the pointer at `offset` of `holder` points to, and lets it point to where that is now. */
  move(graph: Buffer, holder: Buffer, offset: number, alignment: number, ended = false) {
    const piece = slice(graph, pointerAt(holder, offset))
    if (piece.length === 0) return
    if (alignment > 1) this.align(alignment, LENGTH_SIZE)
    holder.writeUInt32LE(this.length, offset)
    this.write(piece)
    if (ended) this.zeros(1)
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces)
  }
}

/** Chunks import each other by their place in the executable, or beside themselves. */
const IMPORT = /(import\()?"(?:\.|[^"\s]*\/root)\/([\w.-]+\.js)"/g

/**
 * The modules that are loaded when the entry point and `roots` are: each with what it imports at once, and so on. A root is
 * the name of a chunk, before the hash. Throws Error where there is none.
 */
export function loadedBy({ entry, sources }: Modules, roots: readonly string[]): Set<string> {
  const names = [...sources.keys()]
  const wanted = roots.flatMap(root => {
    const found = names.filter(name => new RegExp(`/${root}-[0-9a-z]{8}\\.js$`).test(name))
    if (found.length === 0) throw new Error(`there is no chunk ${root}`)
    return found
  })
  const folder = entry.slice(0, entry.lastIndexOf('/') + 1)
  const loaded = new Set<string>()
  const left = [entry, ...wanted]
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    const source = sources.get(name)
    if (loaded.has(name) || source === undefined) continue
    loaded.add(name)
    for (const [, later, file] of source.matchAll(IMPORT)) if (!later) left.push(folder + file)
  }
  return loaded
}
