/**
 * The words that people read: `npm run words` prints them as a gettext template for translators, and `bare` finds those that
 * never pass `words()` or `trans.__`, which no translator would ever see.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import ts from 'typescript';

const WORD = /\p{L}{2}/u;
const SPOKEN = new Set([
  'title',
  'aria-label',
  'aria-description',
  'aria-roledescription',
  'aria-valuetext',
  'placeholder',
  'alt'
]);
const SET = new Set(['textContent', 'innerText', 'title', 'ariaLabel', 'placeholder', 'caption', 'alt']);
const NOTIFIED = new Set(['info', 'success', 'warning', 'error', 'emit']);
const CODE = new Set(['pre', 'code', 'kbd']);
/** Words of code: they are the same in every language. */
const SAME = /^(%|--|null$|jupyter mage )/;

export function files(folder = 'src') {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(
      each =>
        each.isFile() && /\.ts$/.test(each.name) && !/\.test\.ts$|^sample\.ts$|^contract\.ts$/.test(each.name)
    )
    .map(each => join(each.parentPath ?? each.path, each.name))
    .sort();
}

/** Texts that stand on the screen as they are written here, as `file:line: text`. */
export function bare(file, source = readFileSync(file, 'utf8')) {
  const found = [];
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const note = node => {
    for (const each of literals(node)) {
      const said = text(each);
      if (WORD.test(said) && !SAME.test(said)) {
        found.push(`${file}:${tree.getLineAndCharacterOfPosition(each.getStart()).line + 1}: ${said}`);
      }
    }
  };
  visit(tree, node => {
    if (ts.isCallExpression(node)) {
      const name = called(node);
      const [first, second] = node.arguments;
      if (name === 'html' || name === 'svg') {
        (CODE.has(first?.text) ? [] : node.arguments.slice(2)).forEach(note);
        attributes(second).forEach(note);
      } else if (name === 'button') {
        [second, node.arguments[3]].filter(Boolean).forEach(note);
      } else if (name === 'setAttribute' && SPOKEN.has(first?.text)) {
        note(second);
      } else if (['append', 'prepend', 'replaceChildren'].includes(name)) {
        node.arguments.forEach(note);
      } else if (NOTIFIED.has(name) && node.expression.expression?.getText() === 'Notification') {
        note(first);
      }
    } else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
      if (ts.isPropertyAccessExpression(node.left) && SET.has(node.left.name.text)) {
        note(node.right);
      }
    }
  });
  return found;
}

/** Every text that is given to `words` or to a translation bundle, and labels that are translated where they are shown. */
export function texts(file, source = readFileSync(file, 'utf8')) {
  const found = [];
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  visit(tree, node => {
    const said =
      ts.isCallExpression(node) && ['words', '__'].includes(called(node)) ? node.arguments[0] : null;
    const label = ts.isPropertyAssignment(node) && node.name.getText() === 'label' ? node.initializer : null;
    literals(said ?? label).forEach(each => found.push(text(each)));
  });
  return found;
}

function visit(node, look) {
  look(node);
  ts.forEachChild(node, each => visit(each, look));
}

const called = call =>
  ts.isIdentifier(call.expression)
    ? call.expression.text
    : ts.isPropertyAccessExpression(call.expression)
      ? call.expression.name.text
      : '';

const attributes = node =>
  node && ts.isObjectLiteralExpression(node)
    ? node.properties
        .filter(each => ts.isPropertyAssignment(each) && SPOKEN.has(each.name.text))
        .map(each => each.initializer)
    : [];

/** The texts that an expression may come to, as far as they are written in it. */
function literals(node) {
  if (!node) {
    return [];
  }
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
    return [node];
  }
  if (ts.isConditionalExpression(node)) {
    return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  }
  if (ts.isBinaryExpression(node)) {
    return [...literals(node.left), ...literals(node.right)];
  }
  return ts.isParenthesizedExpression(node) ? literals(node.expression) : [];
}

const text = node =>
  ts.isTemplateExpression(node)
    ? node.head.text + node.templateSpans.map(each => each.literal.text).join('')
    : node.text;

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const look = JSON.parse(readFileSync('src/dag/look.json', 'utf8'));
  const all = new Map(Object.values(look.statuses).map(each => [each.label, ['src/dag/look.json']]));
  for (const file of files()) {
    for (const each of texts(file)) {
      all.set(each, [...new Set([...(all.get(each) ?? []), file])]);
    }
  }
  console.log('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n');
  for (const [each, places] of [...all].sort()) {
    console.log(`${places.map(place => `#: ${place}\n`).join('')}msgid ${JSON.stringify(each)}\nmsgstr ""\n`);
  }
}
