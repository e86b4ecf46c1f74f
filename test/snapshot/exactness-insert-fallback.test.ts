import { insertFallbackTests } from './insert-fallback-tests.js';

insertFallbackTests('mariadb');
