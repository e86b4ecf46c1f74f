import { environmentOptions } from './options.js';

const INDENT = '  ';
const DOC_INDENT = '      ';

/** The part of `--help` on environment variables, wrapped at `columns` characters. */
export function environmentHelp(columns: number): string {
  const entries = Object.values(environmentOptions).map(({ name, doc, whenUnset }) => {
    const state = whenUnset === null ? 'required' : `default: ${whenUnset.words}`;
    return [`${INDENT}${name} (${state})`, ...wrap(doc, columns - DOC_INDENT.length)].join('\n');
  });
  return ['Environment (also from the file .env in the working directory):', ...entries].join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines.map((line) => DOC_INDENT + line);
}
