/** The control that asks for a value of a type; what it says is a text, as one types it behind `name=`. */

import { html } from '../dag/dom';
import { words } from '../dag/words';
import type { PipelineVariable } from '../contract';

export interface IControl {
  readonly input: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
  text(): string;
  put(value: string | null): void;
}

const NONE = 'None';

export function controlOf(variable: PipelineVariable): IControl {
  const made = MAKERS[variable.control](variable);
  made.put(variable.value);
  return made;
}

const MAKERS: Record<PipelineVariable['control'], (variable: PipelineVariable) => IControl> = {
  bool: () => {
    const input = html('input', { type: 'checkbox' });
    let given = false;
    input.addEventListener('input', () => (given = true));
    return {
      input,
      text: () => (given ? (input.checked ? 'True' : 'False') : ''),
      put: value => {
        given = value !== null;
        input.indeterminate = !given;
        input.checked = value === 'True';
      }
    };
  },
  int: () => field('number', { step: 'any', inputmode: 'numeric' }),
  float: () => field('number', { step: 'any', inputmode: 'decimal' }),
  date: variable => dated('date', variable, {}),
  datetime: variable => dated('datetime-local', variable, { step: 1 }),
  choice: variable => {
    const choices = [
      ...(variable.optional && !variable.choices.includes(NONE) ? [NONE] : []),
      ...variable.choices
    ];
    const shown = choices.map(each => html('option', { value: each }, each));
    const input = html('select', {}, ...shown);
    return {
      input,
      text: () => input.value,
      put: value => {
        if (value !== null && !choices.includes(value)) {
          input.prepend(html('option', { value }, value));
        }
        input.value = value ?? '';
      }
    };
  },
  str: () => field('text', { spellcheck: 'false', autocomplete: 'off' }),
  json: () => {
    const input = html('textarea', { rows: 2, spellcheck: 'false' });
    return { input, text: () => input.value, put: value => (input.value = value ?? '') };
  }
};

function field(type: string, attributes: Record<string, string | number>): IControl {
  const input = html('input', { type, ...attributes });
  return { input, text: () => input.value, put: value => (input.value = value ?? '') };
}

/** No day is a value too, where the type allows it. */
function dated(
  type: string,
  variable: PipelineVariable,
  attributes: Record<string, string | number>
): IControl {
  const made = field(type, attributes);
  if (variable.optional) {
    made.input.title = words('Empty: none');
  }
  return {
    input: made.input,
    text: () => made.text() || (variable.optional ? NONE : ''),
    put: value => made.put(value === NONE ? '' : value)
  };
}
