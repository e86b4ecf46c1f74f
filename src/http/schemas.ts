/** JSON schemas of what clients send; the OpenAPI document is made of them as well. */
export const statementSchema = {
  type: 'object',
  required: ['query'],
  additionalProperties: false,
  properties: {
    query: { type: 'string', description: 'One statement, with ? or $1 for values.' },
    args: {
      type: ['array', 'null'],
      items: { type: ['string', 'number', 'boolean', 'null'] },
      description: 'The values. What a JSON number does not hold exactly comes as a string.',
    },
  },
} as const;

const nullable = (type: string): object => ({ type: [type, 'null'] });

/** Of a result in JSON. */
export const resultSchema = {
  type: 'object',
  required: ['columns', 'freshness', 'rows', 'error'],
  properties: {
    columns: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'type'],
        properties: { name: { type: 'string' }, type: { type: 'string' } },
      },
    },
    freshness: {
      type: 'object',
      required: ['binlog', 'gtidSet', 'sourceTime', 'except'],
      properties: {
        binlog: {
          type: ['object', 'null'],
          required: ['file', 'position'],
          properties: { file: { type: 'string' }, position: { type: 'integer' } },
        },
        gtidSet: nullable('string'),
        sourceTime: nullable('string'),
        except: {
          type: 'array',
          items: { type: 'string' },
          description: 'Replicated tables of which the stamp says nothing',
        },
      },
    },
    rows: { type: 'array', items: { type: 'object' } },
    error: { ...nullable('string'), description: 'Why the rows break off; null: they are whole' },
  },
} as const;
