/** Tools of our own making, with every oddity of schemas that servers of the world have: for tests where those are not. */
type Listed = { name: string; description: string; inputSchema: Record<string, unknown> }

const text = (description?: string) => ({ type: 'string', ...(description && { description }) })
const tool = (name: string, description: string, properties: object = {}, more: object = {}): Listed => ({
  name,
  description,
  inputSchema: { type: 'object', properties, ...more },
})

export const CATALOG: readonly Listed[] = [
  tool(
    'create_invoice',
    'Writes a new bill for a customer.',
    { customer: { $ref: '#/$defs/id' } },
    {
      $defs: { id: { type: 'string', format: 'uuid' } },
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      additionalProperties: false,
    },
  ),
  tool('list_invoices', 'All bills, newest first.', { limit: { type: 'integer', minimum: 1, exclusiveMaximum: 100 } }),
  tool('send_mail', 'Delivers a message to somebody.', {
    to: { type: 'array', items: { type: 'string', format: 'email' }, minItems: 1, uniqueItems: true },
    body: { oneOf: [text(), { type: 'object', properties: { html: text() } }] },
  }),
  tool('take_screenshot', 'A picture of the page as it is.', { format: { enum: ['png', 'jpeg', null] }, clip: {} }),
  tool('click', 'Presses a button on the page.', { target: { type: ['string', 'null'], pattern: '^#' } }),
  tool('run_query', 'Asks the database in SQL.', { sql: text('One statement'), values: { type: 'array' } }),
  tool(
    'move_file',
    'Renames a file, or puts it elsewhere.',
    { from: text(), to: text() },
    { required: ['from', 'to'] },
  ),
  tool('weather', 'The forecast for a place.', {
    at: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], items: false },
    unit: { const: 'celsius' },
  }),
  tool('set_labels', 'Tags an issue.', { labels: { type: 'object', additionalProperties: text() }, open: true }),
  tool(
    'grow_tree',
    'Plants a node with its children.',
    { root: { $ref: '#/definitions/node' } },
    {
      definitions: { node: { type: 'object', properties: { next: { $ref: '#/definitions/node' } } } },
    },
  ),
  tool('convert', 'Changes a number into another unit.', {
    value: { allOf: [{ type: 'number' }, { minimum: 0 }], default: 1, examples: [2] },
    how: { type: 'object', patternProperties: { '^x-': text() }, dependentRequired: { a: ['b'] } },
  }),
  {
    name: 'choose',
    description: 'Either of two ways.',
    inputSchema: {
      type: 'object',
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
      properties: { a: text(), b: text() },
    },
  },
  { name: 'nothing', description: 'Takes no arguments.', inputSchema: { type: 'object' } },
]

/** What somebody might ask for, half of it in other words than the tool's, and the tool that is meant. */
export const ASKED: readonly (readonly [query: string, tool: string])[] = [
  ['write a bill', 'create_invoice'],
  ['invoices of a customer', 'create_invoice'],
  ['newest bills', 'list_invoices'],
  ['send an e-mail message', 'send_mail'],
  ['picture of the page', 'take_screenshot'],
  ['press the button', 'click'],
  ['ask the database', 'run_query'],
  ['rename a file', 'move_file'],
  ['weather forecast', 'weather'],
  ['tag an issue with labels', 'set_labels'],
  ['plant a tree', 'grow_tree'],
  ['change a unit', 'convert'],
]
