/**
 * A distributed transaction's id as statements in the binlog name it: `X'7831',X'',1`. The first two
 * parts as hexadecimal digits.
 */
export function formatXid(global: string, branch: string, format: number | string): string {
  return `X'${global.toLowerCase()}',X'${branch.toLowerCase()}',${format}`;
}
