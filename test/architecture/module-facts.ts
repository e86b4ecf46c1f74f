import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

/** What the walls ask of a source file. Paths are relative to the checkout, with `/`. */
export interface ModuleFacts {
  readonly path: string;
  readonly imports: readonly ImportFact[];
  /** Members of `process` used; `*` where it is handed on whole. */
  readonly processMembers: readonly string[];
  readonly hasDefaultExport: boolean;
  /** Text literals with SQL on `_ducktail`. */
  readonly stateSql: readonly string[];
}

export interface ImportFact {
  /** A file of the checkout (`src/…/x.ts`), or a package's name without the path in it. */
  readonly target: string;
  /** Gone after compilation: what it names is not loaded. */
  readonly isTypeOnly: boolean;
}

/** The facts of every TypeScript file in the folders of the checkout. */
export function readModules(root: string, folders: readonly string[]): ModuleFacts[] {
  return folders.flatMap((folder) =>
    readdirSync(posix.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
      .map((path) => describeModule(path, readFileSync(posix.join(root, path), 'utf8'))),
  );
}

/** The facts of one file, given its text. */
export function describeModule(path: string, text: string): ModuleFacts {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: ImportFact[] = [];
  const processMembers: string[] = [];
  const stateSql: string[] = [];
  let hasDefaultExport = false;
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found !== null) imports.push({ ...found, target: resolve(path, found.target) });
    if (isDefaultExport(node)) hasDefaultExport = true;
    const member = processMemberOf(node);
    if (member !== null) processMembers.push(member);
    if (isText(node) && isStateSql(node.text)) stateSql.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { path, imports, processMembers, hasDefaultExport, stateSql };
}

const STATE_SQL = /\b(?:FROM|JOIN|INTO|UPDATE|TABLE|VIEW|SCHEMA|EXISTS)\s+"?_ducktail\b/;

/**
 * SQL in the project is in capitals, and prose that points at a table of `_ducktail` is not. What
 * the operator is told to run with `ducktail query` is prose, too.
 */
function isStateSql(text: string): boolean {
  return STATE_SQL.test(text) && !text.includes('ducktail query');
}

function isText(node: ts.Node): node is ts.LiteralLikeNode {
  return (
    ts.isStringLiteralLike(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddleOrTemplateTail(node)
  );
}

function importOf(node: ts.Node): ImportFact | null {
  if (ts.isImportDeclaration(node)) {
    return specifier(node.moduleSpecifier, isTypeOnlyImport(node.importClause));
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return specifier(node.moduleSpecifier, node.isTypeOnly);
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return specifier(node.argument.literal, true);
  }
  if (ts.isCallExpression(node) && isLoader(node.expression) && node.arguments.length > 0) {
    return specifier(node.arguments[0], false);
  }
  return null;
}

function isLoader(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(callee) && callee.text === 'require')
  );
}

function isTypeOnlyImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  );
}

function specifier(node: ts.Node, isTypeOnly: boolean): ImportFact | null {
  return ts.isStringLiteralLike(node) ? { target: node.text, isTypeOnly } : null;
}

function resolve(from: string, target: string): string {
  if (target.startsWith('.')) {
    return posix.join(posix.dirname(from), target).replace(/\.js$/, '.ts');
  }
  return target.startsWith('@') ? target.split('/', 2).join('/') : target.split('/', 1)[0];
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === 'default';
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
  );
}

/** `pid` of `process.pid`; `*` for `process` as a value, in whatever way. */
function processMemberOf(node: ts.Node): string | null {
  if (!ts.isIdentifier(node) || node.text !== 'process') return null;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) {
    if (parent.expression === node) return parent.name.text;
    const isOfGlobal =
      ts.isIdentifier(parent.expression) && parent.expression.text === 'globalThis';
    return isOfGlobal ? '*' : null;
  }
  const isName =
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent)
      ? parent.name === node
      : ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent) || ts.isPropertyName(parent);
  return isName ? null : '*';
}
