import { chunkPlannerTests } from './chunk-planner-tests.js';

// One key of each way to divide a range; the long tests have all of them on both servers.
chunkPlannerTests('mysql', ['dense', 'skewed', 'tenants', 'names', 'bytes', 'moments', 'amounts']);
