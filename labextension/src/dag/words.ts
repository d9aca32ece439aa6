/** The one door for words that people read: a host that can translate says how, here nothing knows of languages. */

let translated: (text: string) => string = text => text;

/** How a text is said in the reader's language. It is given the English text, places for values included. */
export function translateBy(translate: (text: string) => string): void {
  translated = translate;
}

/** `words('{n} of {all}', { n: 1, all: 3 })` → `1 of 3`, in the reader's language. */
export function words(text: string, values: Record<string, string | number> = {}): string {
  return translated(text).replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.prototype.hasOwnProperty.call(values, name) ? String(values[name]) : whole
  );
}
