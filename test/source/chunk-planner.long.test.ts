import { chunkPlannerTests } from './chunk-planner-tests.js';

chunkPlannerTests('mysql');
chunkPlannerTests('mariadb');
