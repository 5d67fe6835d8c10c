// What a room shows to other rooms is said where it stands: units, defaults and errors are read at the door, not in its code.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A folder of src, a file right in it, or a package; undefined for what is no part of the program. */
function roomOf(file: string): string | undefined {
  const [top, room] = path.relative(ROOT, file).split(path.sep);
  return (top === 'src' || top === 'packages') && room !== undefined ? `${top}/${room}` : undefined;
}

function openProgram(): ts.Program {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file));
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  return ts.createProgram(
    fileNames.filter((file) => roomOf(file) !== undefined && !file.includes('/test/')),
    options,
  );
}

function importedNames(file: ts.SourceFile): ts.Identifier[] {
  return file.statements.flatMap((statement) => {
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
    return bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name) : [];
  });
}

const isCallable = (symbol: ts.Symbol, at: ts.Declaration, checker: ts.TypeChecker): boolean =>
  (ts.isFunctionDeclaration(at) || ts.isVariableDeclaration(at)) &&
  checker.getTypeOfSymbolAtLocation(symbol, at).getCallSignatures().length > 0;

/** Functions that a file imports from other rooms, by the place where they are declared. */
function* doorsOf(file: ts.SourceFile, checker: ts.TypeChecker): Generator<[place: string, symbol: ts.Symbol]> {
  for (const name of importedNames(file)) {
    const local = checker.getSymbolAtLocation(name);
    const symbol = local && checker.getAliasedSymbol(local);
    const declaration = symbol?.declarations?.[0];
    if (symbol === undefined || declaration === undefined) continue;
    const at = declaration.getSourceFile().fileName;
    const room = roomOf(at);
    if (room === undefined || room === roomOf(file.fileName) || !isCallable(symbol, declaration, checker)) continue;
    yield [`${path.relative(ROOT, at)} ${symbol.name}`, symbol];
  }
}

describe('a function that another room imports', () => {
  it('has a comment that says what it is', () => {
    const program = openProgram();
    const checker = program.getTypeChecker();
    const files = program.getSourceFiles().filter(({ fileName }) => roomOf(fileName) !== undefined);
    const doors = new Map(files.flatMap((file) => [...doorsOf(file, checker)]));
    const silent = [...doors].filter(([, symbol]) => symbol.getDocumentationComment(checker).length === 0);
    expect(silent.map(([place]) => place)).toEqual([]);
    expect(doors.size).toBeGreaterThan(100);
  });
});
