/**
 * A block's body in its own language: highlighted, indented and commented as such. An extension of CodeMirror that follows the
 * header as it is typed; it brings no languages of its own.
 */

import { Language, type LanguageSupport } from '@codemirror/language';
import { Compartment, type Extension, Prec, type Text } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate
} from '@codemirror/view';
import { type Input, NodeType, Parser, type PartialParse, Tree, type TreeFragment } from '@lezer/common';

import { headOf, type IHead } from '../header';

/** Finds a language by its name; null where there is none, or where the cell's own will do. */
export type FindLanguage = (name: string) => Promise<LanguageSupport | null>;

export function blockBody(find: FindLanguage): Extension {
  const compartment = new Compartment();
  const follow = ViewPlugin.define(view => new Follow(view, compartment, find));
  return [Prec.highest(compartment.of([])), follow, header];
}

class Follow {
  constructor(
    private readonly _view: EditorView,
    private readonly _compartment: Compartment,
    private readonly _find: FindLanguage
  ) {
    this._look(_view.state.doc);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) {
      this._look(update.state.doc);
    }
  }

  destroy(): void {
    this._gone = true;
  }

  private _look(doc: Text): void {
    const name = languageOf(doc);
    if (name === this._name) {
      return;
    }
    this._name = name;
    void this._load(name).then(support => {
      if (!this._gone && this._name === name) {
        this._view.dispatch({ effects: this._compartment.reconfigure(support ? below(support) : []) });
      }
    });
  }

  private async _load(name: string): Promise<LanguageSupport | null> {
    return name ? this._find(name).catch(() => null) : null;
  }

  private _name = '';
  private _gone = false;
}

/** The language of a block's body where it is not the notebook's, or an empty text. */
function languageOf(doc: Text): string {
  const head = headIn(doc);
  return !head || head.language === 'python' ? '' : head.language;
}

/** The header, where the text has one on a line of its own. */
function headIn(doc: Text): IHead | null {
  const head = headOf(doc.toString());
  return head?.carrier === 'magic' || head?.carrier === 'comment' ? head : null;
}

/** The language, of what stands below the header: the header itself is none of it. */
function below(support: LanguageSupport): Extension {
  const { data, parser, name } = support.language;
  return [new Language(data, new BelowHeader(parser), [], name), support.support];
}

class BelowHeader extends Parser {
  constructor(private readonly _inner: Parser) {
    super();
  }

  createParse(
    input: Input,
    _: readonly TreeFragment[],
    ranges: readonly { from: number; to: number }[]
  ): PartialParse {
    const start = headOf(input.read(0, input.length))?.to ?? 0;
    const [first, last] = [ranges[0]?.from ?? 0, ranges[ranges.length - 1]?.to ?? input.length];
    const kept = ranges
      .filter(each => each.to > start)
      .map(each => ({ from: Math.max(each.from, start), to: each.to }));
    // cells are short: each is parsed as a whole, since kept pieces would be counted from the header's end
    const inner = this._inner.createParse(input, [], kept.length ? kept : [{ from: last, to: last }]);
    const shift = (kept[0]?.from ?? last) - first;
    const whole = (tree: Tree) => new Tree(NodeType.none, [tree], [shift], last - first);
    return {
      advance: () => {
        const tree = inner.advance();
        return tree && whole(tree);
      },
      get parsedPos() {
        return inner.parsedPos;
      },
      stopAt: at => inner.stopAt(Math.max(at, start)),
      get stoppedAt() {
        return inner.stoppedAt;
      }
    };
  }
}

const WORD = Decoration.mark({ class: 'jm-head-word' });
const NAME = Decoration.mark({ class: 'jm-head-name' });
const REST = Decoration.mark({ class: 'jm-head-rest' });
const OPTION = Decoration.mark({ class: 'jm-head-option' });

/** The header's own colours. */
const header = Prec.high(
  ViewPlugin.fromClass(
    class {
      marks: DecorationSet;
      constructor(view: EditorView) {
        this.marks = marksOf(view.state.doc);
      }
      update(update: ViewUpdate): void {
        if (update.docChanged) {
          this.marks = marksOf(update.state.doc);
        }
      }
    },
    { decorations: plugin => plugin.marks }
  )
);

function marksOf(doc: Text): DecorationSet {
  const head = headIn(doc);
  if (!head) {
    return Decoration.none;
  }
  const text = doc.sliceString(head.from, head.to);
  const parts = /^(%%\w+|#\s*\|\s*\w+\s*:)(\s*)([^\s(]*)/.exec(text);
  const [word, name] = [parts?.[1] ?? '', parts?.[3] ?? ''];
  const named = head.from + word.length + (parts?.[2]?.length ?? 0);
  const rest = named + name.length;
  const marks = [WORD.range(head.from, head.from + word.length)];
  if (name) {
    marks.push(NAME.range(named, rest));
  }
  let at = rest;
  for (const found of text.slice(rest - head.from).matchAll(/(?<=\s)--?[A-Za-z][\w-]*/g)) {
    const from = rest + found.index;
    if (from > at) {
      marks.push(REST.range(at, from));
    }
    at = from + found[0].length;
    marks.push(OPTION.range(from, at));
  }
  if (head.to > at) {
    marks.push(REST.range(at, head.to));
  }
  return Decoration.set(marks);
}
