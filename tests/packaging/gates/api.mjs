// The public API as text, from the declarations that are packed: for each subpath every export with
// its declaration, and what those declarations reach although no subpath exports it.
import { join } from 'node:path';
import { ts } from './typescript.mjs';

/** The API of the package that is unpacked in `dir`. */
export function publicApi(dir, manifest) {
  const entries = Object.entries(manifest.exports)
    .filter(([, conditions]) => typeof conditions === 'object')
    .map(([path, { types }]) => ({ name: manifest.name + path.slice(1), file: join(dir, types) }));
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    {
      strict: true,
      types: [],
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
    },
  );
  const checker = program.getTypeChecker();
  const printer = ts.createPrinter({ removeComments: true });
  const resolve = (symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  // Statements of the package that declare a symbol.
  const declarations = (symbol) =>
    (symbol.declarations ?? [])
      .map((node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node))
      .filter((node) => ts.isSourceFile(node.parent) && node.getSourceFile().fileName.startsWith(dir));
  const text = (symbol) =>
    declarations(symbol)
      .map((node) => printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()))
      .join('\n');

  const home = new Map(); // symbol -> the first subpath that exports it
  const sections = entries.map(({ name, file }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    const exported = checker.getExportsOfModule(module).sort((a, b) => (a.name < b.name ? -1 : 1));
    const lines = exported.map((found) => {
      const symbol = resolve(found);
      const before = home.get(symbol);
      home.set(symbol, before ?? name);
      return before ? `// ${found.name}: as in ${before}` : `// ${found.name}\n${text(symbol)}`;
    });
    return [`//////// ${name}`, ...lines].join('\n');
  });

  // What the declarations name, and what that names, and so on; the set grows while it is walked.
  const reached = new Set(home.keys());
  for (const symbol of reached) {
    const visit = (node) => {
      const found = ts.isIdentifier(node) && checker.getSymbolAtLocation(node);
      const target = found && resolve(found);
      if (target && declarations(target).length > 0) reached.add(target);
      ts.forEachChild(node, visit);
    };
    for (const node of declarations(symbol)) visit(node);
  }
  const internal = [...reached].filter((symbol) => !home.has(symbol)).map(text);
  sections.push(['//////// reached, exported by none', ...internal.sort()].join('\n'));
  return `${sections.join('\n\n')}\n`;
}
