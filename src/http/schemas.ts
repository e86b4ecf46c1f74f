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
