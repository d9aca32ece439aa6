import { expect, test, vi } from 'vitest';

import { VARIABLES } from '../../tests/answers';
import { FakeData, mounted, settled, type } from '../../tests/fake_data';
import { Refusal } from './data_source';
import { quoted, variables } from './variables';

const fit = ({ value }: Record<string, unknown>) =>
  value === 'x'
    ? Promise.reject(new Refusal("parameter least is int, and 'x' is str", '%pipeline vars least=…'))
    : { value, command: `%pipeline vars least=${value}` };

const setUp = async (fake = new FakeData({ variables: () => VARIABLES, fit })) => {
  const view = mounted(variables, fake);
  await settled();
  const control = (name: string) => {
    const label = view.all('label').find(each => each.firstElementChild?.textContent === name);
    return document.getElementById(label?.getAttribute('for') ?? '') as HTMLInputElement;
  };
  const within = (name: string) => control(name).closest('.jm-variable') as HTMLElement;
  const push = (name: string, word: string) =>
    [...within(name).querySelectorAll('button')].find(each => each.textContent === word)?.click();
  return { fake, control, within, push, ...view };
};

test('each type has its control, with the value that it has now', async () => {
  const { all, texts } = await setUp();
  const controls = all('.jm-control > :first-child') as HTMLInputElement[];
  expect(
    controls.map(each => [each.type || each.localName, each.type === 'checkbox' ? each.checked : each.value])
  ).toEqual([
    ['number', '15'],
    ['number', '0.5'],
    ['checkbox', false],
    ['date', ''],
    ['date', ''],
    ['datetime-local', '2024-01-31T12:00'],
    ['select-one', 'slow'],
    ['textarea', "['a']"],
    ['text', 'ann']
  ]);
  expect(texts('option')).toEqual(['None', 'fast', 'slow']);
  expect(texts('.jm-variablehead .jm-soft').slice(0, 4)).toEqual([
    'read by clean, raw',
    'set for the pipeline · default 0.1 · read by clean',
    'read by clean',
    'a run has to give it · read by clean'
  ]);
});

test('nothing is changed by looking: the run needs no variable', async () => {
  const { texts, all } = await setUp();
  expect(texts('.jm-foot code')).toEqual(['%pipeline run']);
  expect(all('.jm-control button:not([hidden])').map(each => each.textContent)).toEqual(['Reset']);
});

test("what does not fit is refused at its field, in the kernel's words, and cannot be set or run", async () => {
  const { control, within, texts, all, fake } = await setUp();
  vi.useFakeTimers();
  control('least').type = 'text'; // a number field takes no letters, a kernel may still refuse what it takes
  type(control('least'), 'x');
  await vi.advanceTimersByTimeAsync(400);
  vi.useRealTimers();
  await settled();
  const note = within('least').querySelector('[role=alert]');
  expect(note?.textContent).toBe("parameter least is int, and 'x' is str");
  expect(control('least').getAttribute('aria-describedby')?.split(' ')).toContain(note?.id);
  expect(control('least').getAttribute('aria-invalid')).toBe('true');
  const dead = [...within('least').querySelectorAll('button')].filter(each => each.disabled);
  expect(dead.map(each => each.textContent)).toEqual(['Set']);
  expect([all('.jm-foot button')[0]?.hasAttribute('disabled'), texts('.jm-refusal').length]).toEqual([
    true,
    1
  ]);
  expect(fake.executed).toEqual([]);
});

test('Set runs the command that is shown, then all is asked again', async () => {
  const { control, within, push, fake } = await setUp();
  type(control('who'), 'ann o’neil');
  expect(within('who').querySelector('code')?.textContent).toBe("%pipeline vars 'who=ann o’neil'");
  push('who', 'Set');
  await settled();
  expect(fake.executed).toEqual(["%pipeline vars 'who=ann o’neil'"]);
  expect(fake.asked.filter(([what]) => what === 'variables').length).toBe(2);
});

test('Reset takes back what was typed, then what the pipeline has set', async () => {
  const { control, push, fake } = await setUp();
  type(control('ratio'), '0.9');
  push('ratio', 'Reset');
  expect([control('ratio').value, fake.executed]).toEqual(['0.5', []]);
  push('ratio', 'Reset');
  await settled();
  expect(fake.executed).toEqual(['%pipeline vars --unset ratio']);
});

test('Run with these names what differs, as one would type it', async () => {
  const { control, fake, press, texts } = await setUp();
  type(control('least'), '20');
  control('sure').click();
  type(control('day'), '2024-02-01');
  type(control('way'), 'None');
  type(control('names'), "['a', 'b']");
  press('Run with these');
  await settled();
  const said = `%pipeline run --var least=20 --var sure=True --var day=2024-02-01 --var way=None --var 'names=['"'"'a'"'"', '"'"'b'"'"']'`;
  expect([fake.executed, texts('.jm-foot code')]).toEqual([[said], [said]]);
});

test('a field in which somebody types is left alone when a cell defines something', async () => {
  const { control, source } = await setUp();
  type(control('least'), '20');
  const before = control('least');
  source.store.tell(null);
  await settled();
  expect([control('least') === before, before.value]).toEqual([true, '20']);
});

test('without parameters it is said how one is written', async () => {
  const { texts } = await setUp(new FakeData({ variables: () => ({ pipeline: 'p', variables: [] }) }));
  expect(texts('.jm-fields code')).toEqual(['%%block delays(flights, *, least: int = 15)']);
});

test.each([
  ['least=20', 'least=20'],
  ['day=2024-01-01', 'day=2024-01-01'],
  ['a=b c', "'a=b c'"],
  ["a=it's", `'a=it'"'"'s'`],
  ['a=', 'a=']
])('%s is typed as %s', (word, typed) => {
  expect(quoted(word)).toBe(typed);
});
