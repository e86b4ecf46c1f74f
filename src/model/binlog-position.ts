/** A place in the binlog of one server. */
export interface BinlogPosition {
  /** Such as `binlog.000042`. */
  readonly file: string;
  readonly position: number;
}

/** Negative where `a` comes first. Files are ordered by their number, whatever they are called. */
export function compareBinlogPositions(a: BinlogPosition, b: BinlogPosition): number {
  return fileNumber(a.file) - fileNumber(b.file) || a.position - b.position;
}

/** 000042 of `binlog.000042`, and 1000000 of `binlog.1000000` behind `binlog.999999`. */
function fileNumber(file: string): number {
  const match = /\.(\d+)$/.exec(file);
  if (match === null) throw new Error(`'${file}' is not the name of a binlog file`);
  return Number(match[1]);
}
