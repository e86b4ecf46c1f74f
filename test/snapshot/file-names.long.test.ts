import { fileNameTest } from './file-name-test.js';

fileNameTest('main.duckdb', 'main');
fileNameTest('memory.db', 'memory');
fileNameTest('without-ending', 'Ünïcode "schema"');
