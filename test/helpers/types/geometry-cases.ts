import type { TypeCase, TypeValue } from './type-case.js';

/** Kind and shapes as DuckDB prints them; MySQL reads the same. */
const SHAPES: readonly (readonly [kind: string, ...texts: string[]])[] = [
  ['POINT', 'POINT (0 0)', 'POINT (1.5 -2.25)', 'POINT (179.999999 -89.999999)'],
  ['LINESTRING', 'LINESTRING (0 0, 1 1, 2 0)', 'LINESTRING (-1 -1, 1 1)'],
  [
    'POLYGON',
    'POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))',
    'POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (4 4, 6 4, 6 6, 4 6, 4 4))',
  ],
  ['MULTIPOINT', 'MULTIPOINT (0 0, 1 1)', 'MULTIPOINT (5 5)'],
  ['MULTILINESTRING', 'MULTILINESTRING ((0 0, 1 1), (2 2, 3 3, 4 4))'],
  ['MULTIPOLYGON', 'MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))'],
  [
    'GEOMETRYCOLLECTION',
    'GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))',
    'GEOMETRYCOLLECTION EMPTY',
  ],
];

function shape(text: string, srid: number): TypeValue {
  return { sql: `ST_GeomFromText('${text}', ${srid})`, text };
}

const ALL_SHAPES = SHAPES.flatMap(([, ...texts]) => texts);

export const geometryCases: readonly TypeCase[] = [
  ...SHAPES.map(([kind, ...texts]) => ({
    name: `geo_${kind.toLowerCase()}`,
    ddl: kind,
    values: texts.map((text) => shape(text, 0)),
  })),
  {
    name: 'geo_geometry',
    ddl: 'GEOMETRY',
    values: ALL_SHAPES.map((text) => shape(text, 0)),
  },
  {
    name: 'geo_geometry_4326_mariadb',
    flavours: ['mariadb'],
    ddl: 'GEOMETRY',
    values: ALL_SHAPES.map((text) => shape(text, 4326)),
  },
  {
    // Latitude comes first in the text of a geographic system, and last where it is stored.
    name: 'geo_geometry_4326_mysql',
    flavours: ['mysql'],
    ddl: 'GEOMETRY SRID 4326',
    values: [
      { sql: `ST_GeomFromText('POINT(52.5 13.4)', 4326)`, text: 'POINT (13.4 52.5)' },
      {
        sql: `ST_GeomFromText('LINESTRING(1 2, 3 4)', 4326, 'axis-order=long-lat')`,
        text: 'LINESTRING (1 2, 3 4)',
      },
      {
        sql: `ST_GeomFromText('POLYGON((0 0, 0 10, 10 10, 10 0, 0 0))', 4326)`,
        text: 'POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))',
      },
    ],
  },
  {
    name: 'geo_nested_collection',
    // MariaDB reads no such text.
    flavours: ['mysql'],
    ddl: 'GEOMETRYCOLLECTION',
    values: [shape('GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (POINT (1 2)), MULTIPOINT (3 4))', 0)],
  },
  {
    name: 'geo_large',
    ddl: 'GEOMETRY',
    values: [
      shape('POINT (1 1)', 0),
      {
        sql: `ST_GeomFromText(CONCAT('LINESTRING(0 0', REPEAT(',1 2.5,3 4', 5000), ')'))`,
        once: true,
      },
    ],
  },
];
