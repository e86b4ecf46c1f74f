import { chunkPlannerTests } from './chunk-planner-tests.js';

chunkPlannerTests('mariadb');
