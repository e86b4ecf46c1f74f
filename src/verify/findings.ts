import type { DifferenceExample } from './verify-result.js';
import type { RowDetails } from './row-details.js';
import type { RowDifference } from './row-differences.js';
import type { ComparedTable } from '../compare/compared-table.js';
import { SHOWN_CHARACTERS } from '../compare/canonical-form.js';

const MAX_EXAMPLES = 10;

/** What was found in a table: everything counted, a few examples kept. */
export class Findings {
  missing = 0;
  extra = 0;
  changed = 0;
  readonly examples: DifferenceExample[] = [];

  constructor(private readonly table: ComparedTable) {}

  get differingRows(): number {
    return this.missing + this.extra + this.changed;
  }

  /** How many more rows are wanted as examples. */
  get wantedExamples(): number {
    return MAX_EXAMPLES - this.examples.length;
  }

  count(differences: readonly RowDifference[]): void {
    for (const { missing, extra, changed } of differences) {
      this.missing += missing;
      this.extra += extra;
      this.changed += changed;
    }
  }

  /** `source` and `replica` are the rows of the difference's identity. */
  exemplify(
    { missing, extra, changed }: RowDifference,
    source: readonly RowDetails[],
    replica: readonly RowDetails[],
  ): void {
    if (changed > 0) this.addChanged(source, replica);
    if (missing > 0) this.add(source.at(-1), 'missing');
    if (extra > 0) this.add(replica.at(-1), 'extra');
    this.examples.splice(MAX_EXAMPLES);
  }

  private addChanged(source: readonly RowDetails[], replica: readonly RowDetails[]): void {
    for (const [at, here] of source.entries()) {
      const there = replica.at(at);
      if (there === undefined) return;
      for (const column of differingColumns(here, there)) {
        this.examples.push({
          kind: 'changed',
          key: this.keyOf(here),
          column: this.table.columns[column].name,
          source: here.values[column].shown,
          replica: there.values[column].shown,
        });
      }
    }
  }

  private add(row: RowDetails | undefined, kind: 'missing' | 'extra'): void {
    // It may have gone meanwhile.
    if (row === undefined) return;
    const shown = row.values.map((value) => value.shown ?? 'NULL').join(', ');
    const text = shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS)}…` : shown;
    this.examples.push({
      kind,
      key: this.keyOf(row),
      column: null,
      source: kind === 'missing' ? text : null,
      replica: kind === 'extra' ? text : null,
    });
  }

  private keyOf({ key }: RowDetails): readonly string[] | null {
    return this.table.key.length === 0 ? null : key;
  }
}

/** Positions of columns whose values are not the same. */
export function differingColumns(here: RowDetails, there: RowDetails): number[] {
  return here.values.flatMap(({ checksum }, at) =>
    checksum === there.values[at].checksum ? [] : [at],
  );
}
