import { styleText } from 'node:util';
import Table from 'cli-table3';

const INDENT = '   ';

export interface TableColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
}

export function printHeading(text: string): void {
  const isPlain = !process.stdout.isTTY || Boolean(process.env.NO_COLOR);
  print(`\n${isPlain ? text : styleText('bold', text)}\n`);
}

/** One or several lines, indented below their heading. */
export function printText(text: string): void {
  print(text.replace(/^(?=.)/gm, INDENT) + '\n');
}

export function printTable(columns: readonly TableColumn[], rows: readonly string[][]): void {
  const table = new Table({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ align }) => align),
    // Without these, headings are red and borders grey, on every kind of output.
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows);
  printText(table.toString());
}

export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function formatSeconds(seconds: number): string {
  return seconds >= 1 ? `${seconds.toFixed(2)} s` : `${Math.ceil(seconds * 1000)} ms`;
}

export function formatMegabytes(bytes: number): string {
  return `${formatCount(bytes / 1e6)} MB`;
}

function print(text: string): void {
  process.stdout.write(text);
}
