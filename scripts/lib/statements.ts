/** One statement of an SQL text and the line it begins on. */
export interface Statement {
  text: string;
  line: number;
}

// Whatever may hide a semicolon: comments, quoted names, strings, dollar quotes; then words, for `begin atomic`.
const TOKEN =
  /--[^\n]*|\/\*|"(?:[^"]|"")*"|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|;|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[\s\S]/g;

function endOfBlockComment(sql: string, from: number): number {
  let depth = 1;
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  for (let match = edge.exec(sql); match; match = edge.exec(sql)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}

/**
 * Splits an SQL text into statements as the server would: semicolons inside strings, comments, dollar quotes and
 * `begin atomic … end` bodies do not end one. Statements without anything but comments are left out.
 */
export function splitStatements(sql: string): Statement[] {
  const statements: Statement[] = [];
  let begin = -1;
  let last = 0;
  let depth = 0;
  let previous = "";
  let line = 1;
  let counted = 0;
  const lineAt = (offset: number): number => {
    for (; counted < offset; counted++) if (sql.charCodeAt(counted) === 10) line++;
    return line;
  };
  const finish = (): void => {
    if (begin >= 0) statements.push({ text: sql.slice(begin, last), line: lineAt(begin) });
    begin = -1;
    depth = 0;
    previous = "";
  };
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(sql); match; match = TOKEN.exec(sql)) {
    const token = match[0];
    if (token.startsWith("--")) continue;
    if (token === "/*") {
      TOKEN.lastIndex = endOfBlockComment(sql, TOKEN.lastIndex);
      continue;
    }
    if (token === ";" && depth === 0) {
      finish();
      continue;
    }
    if (/^\s$/.test(token)) continue;
    if (begin < 0) begin = match.index;
    if (token.startsWith("$") && token.length > 1) {
      const close = sql.indexOf(token, TOKEN.lastIndex);
      TOKEN.lastIndex = close < 0 ? sql.length : close + token.length;
    }
    last = TOKEN.lastIndex;
    const word = token.toLowerCase();
    if (word === "atomic" && previous === "begin") depth++;
    else if (depth > 0 && word === "case") depth++;
    else if (depth > 0 && word === "end") depth--;
    previous = word;
  }
  finish();
  return statements;
}

/** The line (from 1) of a character offset (from 0). */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
