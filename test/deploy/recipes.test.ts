import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'dotenv';
import * as v from 'valibot';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../config/load.js';
import {
  checkoutText,
  HEALTH_PATH,
  HTTP_PORT,
  IMAGE_USER_ID,
  isInCheckout,
  METRICS_PATH,
  READY_PATH,
  REQUIRED,
  SECRETS,
  VARIABLES,
} from './program-facts.js';

const FOLDER = 'config/deploy';
const CHECKED = [
  'docker-compose.yml',
  'ducktail.service',
  'grafana-datasource.yml',
  'kubernetes.yml',
  'mysql-account.sql',
  'prometheus.yml',
];

/** A stop takes up to 5 seconds. */
const LEAST_STOP_SECONDS = 10;

function documents(file: string): unknown[] {
  return parseAllDocuments(checkoutText(`${FOLDER}/${file}`), { uniqueKeys: true }).map(
    (document) => {
      assert.deepEqual(document.errors, []);
      assert.deepEqual(document.warnings, []);
      return document.toJS() as unknown;
    },
  );
}

/** What an operator may put into the secrets that have a form. */
const SECRET_VALUES: Readonly<Record<string, string>> = {
  MYSQL_URL: 'mysql://u:p@h/d',
  API_TOKENS: `prometheus:reader:${'ab'.repeat(32)}`,
};

/** What Ducktail makes of the variables: every problem of its own table of options shows. */
function requireValid(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(variables)) assert.ok(VARIABLES.has(name), name);
  for (const name of REQUIRED) assert.ok(name in variables, name);
  loadConfig(variables);
}

/** Whatever the recipe keeps has to be in the volume. */
function requireWithin(folder: string, variables: Readonly<Record<string, string>>): void {
  for (const name of ['DUCKDB_PATH', 'SNAPSHOT_PATH', 'BACKUP_TARGET']) {
    const value = variables[name] ?? folder;
    assert.ok(!path.relative(folder, value).startsWith('..'), `${name}=${value}`);
  }
}

test('every file of the recipes is checked here', () => {
  const folder = fileURLToPath(new URL(`../../../${FOLDER}`, import.meta.url));
  assert.deepEqual(readdirSync(folder).sort(), CHECKED);
});

const text = v.pipe(v.string(), v.nonEmpty());
const composeService = v.strictObject({
  image: v.pipe(text, v.regex(/^[a-z0-9/._-]+(:[\w.-]+)?$/)),
  build: v.optional(v.strictObject({ context: text })),
  command: v.optional(v.array(text)),
  restart: v.optional(v.literal('unless-stopped')),
  stop_grace_period: v.optional(v.pipe(text, v.regex(/^\d+s$/))),
  depends_on: v.optional(
    v.record(
      text,
      v.strictObject({ condition: v.picklist(['service_healthy', 'service_started']) }),
    ),
  ),
  environment: v.optional(v.record(text, v.string())),
  ports: v.optional(v.array(v.pipe(text, v.regex(/^127\.0\.0\.1:\d+:\d+$/)))),
  volumes: v.optional(v.array(v.pipe(text, v.regex(/^[\w./-]+:\/[\w./-]+(:ro)?$/)))),
  healthcheck: v.optional(
    v.strictObject({ test: v.array(text), interval: text, timeout: text, retries: v.number() }),
  ),
});
const compose = v.strictObject({
  name: text,
  services: v.record(text, composeService),
  volumes: v.record(text, v.null()),
});

test('docker-compose.yml is valid, and what it names is there', () => {
  const [document] = documents('docker-compose.yml');
  const { services, volumes } = v.parse(compose, document);
  assert.deepEqual(Object.keys(services).sort(), ['ducktail', 'grafana', 'mysql', 'prometheus']);
  for (const [name, service] of Object.entries(services)) {
    if (service.build === undefined) assert.match(service.image, /:\S*\d/, `${name} has a version`);
    for (const volume of service.volumes ?? []) {
      const [from] = volume.split(':');
      if (from.startsWith('./')) assert.ok(isInCheckout(`${FOLDER}/${from}`), from);
      else assert.ok(from in volumes, from);
    }
    for (const other of Object.keys(service.depends_on ?? {})) assert.ok(other in services, other);
  }
  const { ducktail, mysql } = services;
  assert.equal(ducktail.build?.context, '../..');
  const variables = Object.fromEntries(
    Object.entries(ducktail.environment ?? {}).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'),
    ]),
  );
  requireValid(variables);
  requireWithin('/data', variables);
  assert.equal(variables.HTTP_PORT, HTTP_PORT);
  assert.deepEqual(ducktail.ports, [`127.0.0.1:${HTTP_PORT}:${HTTP_PORT}`]);
  assert.deepEqual(ducktail.volumes, ['replica:/data']);
  assert.ok(parseInt(ducktail.stop_grace_period ?? '0', 10) >= LEAST_STOP_SECONDS);
  const { endpoint } = loadConfig(variables);
  assert.equal(endpoint.host, 'mysql');
  assert.equal(endpoint.database, mysql.environment?.MYSQL_DATABASE);
  const [, account] =
    /CREATE USER '(\w+)'@/.exec(checkoutText(`${FOLDER}/mysql-account.sql`)) ?? [];
  assert.equal(endpoint.user, account);
  assert.equal(mysql.command?.[0], '--binlog-row-metadata=FULL');
});

test('the account of mysql-account.sql has what the README asks for', () => {
  const sql = checkoutText(`${FOLDER}/mysql-account.sql`);
  const granted = [...sql.matchAll(/^GRANT (.*) ON/gm)].flatMap(([, list]) => list.split(', '));
  assert.deepEqual(granted.sort(), [
    'LOCK TABLES',
    'REPLICATION CLIENT',
    'REPLICATION SLAVE',
    'SELECT',
  ]);
});

test('Prometheus reads the metrics with the token, and Grafana reads Prometheus', () => {
  const scrape = v.parse(
    v.object({
      scrape_configs: v.tuple([
        v.object({
          metrics_path: v.literal(METRICS_PATH),
          authorization: v.strictObject({ credentials: text }),
          static_configs: v.tuple([v.strictObject({ targets: v.array(text) })]),
        }),
      ]),
    }),
    documents('prometheus.yml')[0],
  );
  const [{ authorization, static_configs }] = scrape.scrape_configs;
  assert.deepEqual(static_configs[0].targets, [`ducktail:${HTTP_PORT}`]);
  const hash = createHash('sha256').update(authorization.credentials).digest('hex');
  const [tokens] = /API_TOKENS: .*/.exec(checkoutText(`${FOLDER}/docker-compose.yml`)) ?? [''];
  assert.ok(tokens.includes(`:reader:${hash}`), tokens);
  const sources = v.parse(
    v.object({
      apiVersion: v.literal(1),
      datasources: v.tuple([v.object({ type: v.literal('prometheus'), url: text })]),
    }),
    documents('grafana-datasource.yml')[0],
  );
  assert.equal(sources.datasources[0].url, 'http://prometheus:9090');
});

test('the unit for systemd starts the program as a user of its own, and waits for its stop', () => {
  const lines = checkoutText(`${FOLDER}/ducktail.service`)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const sections = new Map<string, [string, string][]>();
  let current: [string, string][] = [];
  for (const line of lines) {
    const [, section] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (section === undefined) {
      const [, name, value] = /^(\w+)=(.+)$/.exec(line) ?? [];
      assert.ok(name, line);
      current.push([name, value]);
    } else {
      current = [];
      sections.set(section, current);
    }
  }
  assert.deepEqual([...sections.keys()], ['Unit', 'Service', 'Install']);
  const service = Object.fromEntries(sections.get('Service') ?? []);
  const [node, program, command] = service.ExecStart.split(' ');
  assert.deepEqual([node, command], ['/usr/bin/node', 'run']);
  assert.ok(isInCheckout(program.replace('/opt/ducktail/', '')), program);
  assert.equal(service.User, 'ducktail');
  assert.equal(service.RestartPreventExitStatus, '2');
  assert.ok(Number(service.TimeoutStopSec) >= LEAST_STOP_SECONDS);
  const variables = parse(service.Environment);
  for (const name of Object.keys(variables)) assert.ok(VARIABLES.has(name), name);
  requireWithin(`/var/lib/${service.StateDirectory}`, variables);
  // Its control socket and its connections.
  assert.match(service.RestrictAddressFamilies, /AF_INET.*AF_UNIX/);
});

const variable = v.union([
  v.strictObject({ name: text, value: text }),
  v.strictObject({
    name: text,
    valueFrom: v.strictObject({ secretKeyRef: v.strictObject({ name: text, key: text }) }),
  }),
]);
const probe = v.object({
  httpGet: v.strictObject({ path: text, port: v.literal('http') }),
  periodSeconds: v.number(),
});
const statefulSet = v.object({
  apiVersion: v.literal('apps/v1'),
  kind: v.literal('StatefulSet'),
  metadata: v.object({ name: text }),
  spec: v.strictObject({
    serviceName: text,
    replicas: v.literal(1),
    selector: v.strictObject({ matchLabels: v.record(text, text) }),
    template: v.strictObject({
      metadata: v.object({ labels: v.record(text, text) }),
      spec: v.strictObject({
        terminationGracePeriodSeconds: v.pipe(v.number(), v.minValue(LEAST_STOP_SECONDS)),
        securityContext: v.object({
          runAsNonRoot: v.literal(true),
          runAsUser: v.literal(IMAGE_USER_ID),
          fsGroup: v.literal(IMAGE_USER_ID),
        }),
        containers: v.tuple([
          v.strictObject({
            name: text,
            image: text,
            args: v.tuple([v.literal('run')]),
            env: v.array(variable),
            ports: v.tuple([
              v.strictObject({ name: v.literal('http'), containerPort: v.number() }),
            ]),
            startupProbe: probe,
            livenessProbe: probe,
            readinessProbe: probe,
            resources: v.object({ requests: v.record(text, text), limits: v.record(text, text) }),
            securityContext: v.object({
              allowPrivilegeEscalation: v.literal(false),
              readOnlyRootFilesystem: v.literal(true),
            }),
            volumeMounts: v.array(v.strictObject({ name: text, mountPath: text })),
          }),
        ]),
        volumes: v.array(v.object({ name: text })),
      }),
    }),
    volumeClaimTemplates: v.array(
      v.object({
        metadata: v.object({ name: text }),
        spec: v.object({
          accessModes: v.tuple([v.literal('ReadWriteOnce')]),
          resources: v.object({ requests: v.object({ storage: text }) }),
        }),
      }),
    ),
  }),
});
const service = v.object({
  apiVersion: v.literal('v1'),
  kind: v.literal('Service'),
  metadata: v.object({ name: text }),
  spec: v.object({
    selector: v.record(text, text),
    ports: v.tuple([v.object({ name: text, port: v.number(), targetPort: v.literal('http') })]),
  }),
});

test('kubernetes.yml is valid: one replica with probes, a claim and nothing written elsewhere', () => {
  const [first, second] = documents('kubernetes.yml');
  const headless = v.parse(service, first);
  const { metadata, spec } = v.parse(statefulSet, second);
  assert.equal(spec.serviceName, headless.metadata.name);
  assert.deepEqual(spec.selector.matchLabels, spec.template.metadata.labels);
  assert.deepEqual(headless.spec.selector, spec.template.metadata.labels);
  assert.equal(metadata.name, headless.metadata.name);
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const port = Number(HTTP_PORT);
  assert.deepEqual([headless.spec.ports[0].port, container.ports[0].containerPort], [port, port]);
  assert.equal(container.startupProbe.httpGet.path, HEALTH_PATH);
  assert.equal(container.livenessProbe.httpGet.path, HEALTH_PATH);
  assert.equal(container.readinessProbe.httpGet.path, READY_PATH);
  const variables = Object.fromEntries(
    container.env.map((entry) => {
      const isSecret = 'valueFrom' in entry;
      assert.equal(isSecret, SECRETS.has(entry.name), entry.name);
      if (!isSecret) return [entry.name, entry.value];
      assert.equal(entry.valueFrom.secretKeyRef.key, entry.name);
      return [entry.name, SECRET_VALUES[entry.name] ?? 'a secret'];
    }),
  );
  requireValid(variables);
  const claims = spec.volumeClaimTemplates.map(({ metadata: { name } }) => name);
  const known = [...claims, ...pod.volumes.map(({ name }) => name)];
  for (const { name } of container.volumeMounts) assert.ok(known.includes(name), name);
  const mount = container.volumeMounts.find(({ name }) => claims.includes(name));
  requireWithin(mount?.mountPath ?? '', variables);
});
