/** Splits a line as a POSIX shell does; null where a quote is not closed. */
export function split(line: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    const next = line[at + 1];
    if (quote === "'" || (quote === '"' && char !== '\\')) {
      if (char === quote) {
        quote = '';
      } else {
        word += char;
      }
    } else if (quote) {
      // Between double quotes a backslash escapes these two alone.
      if (next === undefined) {
        return null;
      }
      word += next === '"' || next === '\\' ? next : char + next;
      at += 1;
    } else if (char === '\\') {
      if (next === undefined) {
        return null;
      }
      word = (word ?? '') + next;
      at += 1;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/[ \t\r\n]/.test(char)) {
      if (word !== null) {
        words.push(word);
      }
      word = null;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote) {
    return null;
  }
  return word === null ? words : [...words, word];
}

/** One word of a line, quoted where it must be. */
export function quoted(word: string): string {
  if (word && !/[\s"'\\]/.test(word)) {
    return word;
  }
  return /["\\]/.test(word) ? `'${word.replace(/'/g, `'"'"'`)}'` : `"${word}"`;
}
