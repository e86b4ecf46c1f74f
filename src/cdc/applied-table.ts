import { ChangeControls } from '../batch/change-controls.js';
import { type ColumnBatch, valueBytes } from '../batch/column-batch.js';
import { DucktailError, errorMessage } from '../common/errors.js';
import { planChanges } from '../model/change-plan.js';
import type { TablePlan } from '../model/column-plan.js';
import { StreamedRejections } from '../state/streamed-rejections.js';
import { type AppliedRows, ChangeStage } from '../target/change-stage.js';
import type { Database } from '../target/database.js';

/** A table of the stream: its stage and its rejected values. */
export class AppliedTable implements AsyncDisposable {
  /** Of the values that came since `takeBytes`. */
  private bytes = 0;
  private nextSeq = 0;

  private constructor(
    readonly name: string,
    private readonly controls: ChangeControls,
    private readonly changes: ChangeStage,
    private readonly rejections: StreamedRejections,
  ) {}

  static async open(
    database: Database,
    targetSchema: string,
    plan: TablePlan,
  ): Promise<AppliedTable> {
    const rejections = await StreamedRejections.open(database, targetSchema, plan);
    const changes = await ChangeStage.open(database, targetSchema, plan);
    const controls = new ChangeControls(planChanges(plan).columns);
    return new AppliedTable(plan.schema.name, controls, changes, rejections);
  }

  get hasChanges(): boolean {
    return this.changes.rows > 0;
  }

  /** Whether the stage may hold something, also if only after a ROLLBACK. */
  get isTouched(): boolean {
    return this.changes.isTouched;
  }

  /** What is staged, as SQL. */
  get stage(): string {
    return this.changes.name;
  }

  get rejectedValues(): number {
    return this.rejections.recorded;
  }

  /** Behind everything on the stage; throws where the numbering of changes began anew. */
  appendFurther(batch: ColumnBatch): void {
    const [first] = this.controls.seqs(batch);
    if (first < this.nextSeq) {
      throw new DucktailError(
        'table-changed',
        `${this.name}: the changes since its copy began can't be told in order`,
        { table: this.name },
      );
    }
    this.nextSeq = this.controls.seqs(batch)[batch.rows - 1] + 1;
    this.append(batch);
  }

  append(batch: ColumnBatch): void {
    this.bytes += valueBytes(batch);
    this.rejections.append(batch);
    this.changes.append(batch);
  }

  takeBytes(): number {
    const { bytes } = this;
    this.bytes = 0;
    return bytes;
  }

  flush(): void {
    this.changes.flush();
  }

  /** Within a transaction. Fails with `table-failed` where it is the table that can't take it. */
  async apply(): Promise<AppliedRows> {
    try {
      await this.rejections.apply(this.changes);
      return await this.changes.apply();
    } catch (error) {
      // What is the matter with the file as a whole has a class of its own.
      if (error instanceof DucktailError) throw error;
      throw new DucktailError('table-failed', `${this.name}: ${errorMessage(error)}`, {
        table: this.name,
        cause: error,
        hint: 'The table has to be copied again.',
      });
    }
  }

  async clear(inTransaction: boolean): Promise<void> {
    await this.changes.clear(inTransaction);
    this.rejections.clear();
  }

  /** After a copy: other values are recorded as rejected. What is staged stays. */
  reload(): Promise<void> {
    return this.rejections.reload();
  }

  /** After a ROLLBACK: so many rejected values are on record. What is staged stays. */
  noteRecorded(rejectedValues: number): void {
    this.rejections.recorded = rejectedValues;
  }

  /** Rows are about to go by the doing of another table: see `StreamedRejections`. */
  forgetRows(rows: string): Promise<readonly string[]> {
    return this.rejections.forgetRows(rows);
  }

  moveRows(columns: readonly string[]): readonly string[] {
    return this.rejections.moveRows(columns);
  }

  /** Outside of a transaction: empties the stage, whatever became of it. */
  async reset(): Promise<void> {
    this.bytes = 0;
    if (this.changes.isTouched) await this.changes.reset();
    this.rejections.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.changes[Symbol.asyncDispose]();
  }
}
