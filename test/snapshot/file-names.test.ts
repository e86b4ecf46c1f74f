import { fileNameTest } from './file-name-test.js';

// DuckDB names the database after the file, and takes `a.b` for a database or a schema.
fileNameTest('shop.duckdb', 'shop');
fileNameTest('a b.c"d.duckdb', 'a b');
