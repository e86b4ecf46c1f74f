import { schemaChangeTests } from './support/schema-change-tests.js';

schemaChangeTests('mysql');
