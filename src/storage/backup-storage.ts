import type { Readable } from 'node:stream';

/** Where backups are kept: folders with files in them, no deeper than that seen from here. */
export interface BackupStorage extends Disposable {
  /** For messages. */
  readonly place: string;
  /** The folders that are there; none where the place itself is not there yet. */
  list(signal: AbortSignal): Promise<StoredFolder[]>;
  /** Resolves to the bytes when they are kept for good. There is never a part of the file. */
  write(path: string, content: AsyncIterable<Buffer>, signal: AbortSignal): Promise<number>;
  /** Null where there is no such file. */
  read(path: string, signal: AbortSignal): Promise<Readable | null>;
  /** A folder and all that is in it, the files of these names before the others. */
  remove(folder: string, first: readonly string[], signal: AbortSignal): Promise<void>;
  /** What killed writes into folders whose names begin so have left, that no list shows. */
  removeParts(folderStart: string, signal: AbortSignal): Promise<void>;
  /** Where a file can be put without being written through here, its folder being made; null: nowhere. */
  localFile(path: string): Promise<string | null>;
}

export interface StoredFolder {
  readonly name: string;
  /** Directly in it. */
  readonly files: readonly string[];
}
