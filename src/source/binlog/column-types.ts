/** The type numbers of the binlog (`enum_field_types` of the servers). */
export const TINY = 1;
export const SHORT = 2;
export const LONG = 3;
export const FLOAT = 4;
export const DOUBLE = 5;
export const TIMESTAMP = 7;
export const LONGLONG = 8;
export const INT24 = 9;
export const DATE = 10;
export const TIME = 11;
export const DATETIME = 12;
export const YEAR = 13;
export const NEWDATE = 14;
export const VARCHAR = 15;
export const BIT = 16;
export const TIMESTAMP2 = 17;
export const DATETIME2 = 18;
export const TIME2 = 19;
/** MariaDB's columns declared COMPRESSED. */
export const BLOB_COMPRESSED = 140;
export const VARCHAR_COMPRESSED = 141;
export const VECTOR = 242;
export const JSON_BINARY = 245;
export const NEWDECIMAL = 246;
export const ENUM = 247;
export const SET = 248;
export const TINY_BLOB = 249;
export const MEDIUM_BLOB = 250;
export const LONG_BLOB = 251;
export const BLOB = 252;
export const VAR_STRING = 253;
/** CHAR and BINARY; ENUM and SET are hidden behind it, too. */
export const STRING = 254;
export const GEOMETRY = 255;
