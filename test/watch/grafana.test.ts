import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { parse } from 'yaml';
import { parseSamples } from './exposition.js';
import { fedWatch } from './fed-watch.js';
import { readExpression } from './promql.js';

// The tests run from dist/.
const FOLDER = new URL('../../../config/grafana/', import.meta.url);
/** What Prometheus adds to every sample that it scrapes. */
const ADDED_LABELS = ['instance', 'job'];

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly Target[];
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** By the names of all samples that a service exports: their labels. */
async function exported(): Promise<Map<string, Set<string>>> {
  using watch = await fedWatch();
  const labels = new Map<string, Set<string>>();
  for (const { name, labels: own } of parseSamples(await watch.metrics.text())) {
    labels.set(name, new Set([...(labels.get(name) ?? []), ...Object.keys(own)]));
  }
  return labels;
}

async function dashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(new URL('ducktail.json', FOLDER), 'utf8')) as Dashboard;
}

async function rules(): Promise<readonly Rule[]> {
  const text = await readFile(new URL('alerts.yml', FOLDER), 'utf8');
  const { groups } = parse(text) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

/** Every expression, with the labels that its text is to show. */
async function expressions(): Promise<{ where: string; expr: string; shown: string[] }[]> {
  const { panels, templating } = await dashboard();
  return [
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat }) => ({
        where: `panel '${title}'`,
        expr,
        shown: [...legendFormat.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label]) => label),
      })),
    ),
    ...templating.list.flatMap(({ definition }) => {
      const match = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '');
      return match === null ? [] : [{ where: 'a variable', expr: match[1], shown: [match[2]] }];
    }),
    ...(await rules()).map(({ alert, expr, annotations }) => ({
      where: alert,
      expr,
      shown: [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)].map(
        ([, label]) => label,
      ),
    })),
  ];
}

test('every expression names exported metrics and labels that they have', async () => {
  const known = await exported();
  const all = await expressions();
  assert.ok(all.length > 50, `${all.length} expressions`);
  for (const { where, expr, shown } of all) {
    const { metrics, grouping } = readExpression(expr);
    assert.ok(metrics.length > 0, `${where}: no metric in ${expr}`);
    const labels = new Set(ADDED_LABELS);
    for (const { name, matched } of metrics) {
      const own = known.get(name);
      assert.ok(own, `${where}: ${name} is not exported`);
      for (const label of own) labels.add(label);
      for (const label of matched) {
        assert.ok(
          own.has(label) || ADDED_LABELS.includes(label),
          `${where}: ${name} has no ${label}`,
        );
      }
    }
    for (const label of [...grouping, ...shown]) {
      assert.ok(labels.has(label), `${where}: nothing in ${expr} has the label ${label}`);
    }
  }
});

test('every metric of Ducktail is shown or watched', async () => {
  const used = (await expressions()).flatMap(({ expr }) =>
    readExpression(expr).metrics.map(({ name }) => name),
  );
  const bare = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');
  const seen = new Set(used.map(bare));
  const unseen = [...(await exported()).keys()].filter(
    (name) => name.startsWith('ducktail_') && !seen.has(bare(name)),
  );
  assert.deepEqual(unseen, []);
});

test('panels stand beside and below each other', async () => {
  const { panels } = await dashboard();
  for (const [at, { title, gridPos: a }] of panels.entries()) {
    assert.ok(a.x + a.w <= 24, title);
    for (const { title: other, gridPos: b } of panels.slice(at + 1)) {
      const isApart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      assert.ok(isApart, `'${title}' overlaps '${other}'`);
    }
  }
});

test('there is an alert for all that an operator has to know of', async () => {
  const alerts = (await rules()).map(({ expr }) => expr).join('\n');
  for (const metric of [
    'ducktail_lag_seconds',
    'ducktail_binlog_retention_left_seconds',
    'ducktail_table_rejected_values',
    'code="target-full"',
    'ducktail_table_quarantined',
  ]) {
    assert.ok(alerts.includes(metric), metric);
  }
});
