/** Reads a block's name off the cell that defines it. */

const HEADERS = [/^%%block\s+([A-Za-z]\w*)/, /^#\|\s*block:\s*([A-Za-z]\w*)/];

/** The name of the block that a cell's text defines, or an empty text. Comments and blank lines may stand above the header. */
export function blockOf(source: string): string {
  for (const line of source.split('\n')) {
    const found = HEADERS.map(header => header.exec(line)?.[1]).find(name => name !== undefined);
    if (found) {
      return found;
    }
    if (line.trim() && !line.startsWith('#')) {
      return '';
    }
  }
  return '';
}
