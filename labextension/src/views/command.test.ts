import { afterEach, expect, test, vi } from 'vitest';

import { command } from './command';

const HOSTILE = '<img src=x onerror=alert(1)> --var a="b c"';

const settle = () => new Promise(resolve => setTimeout(resolve));

const clipboard = (writeText: unknown) =>
  Object.defineProperty(navigator, 'clipboard', {
    value: writeText ? { writeText } : undefined,
    configurable: true
  });

const setUp = (text: string) => {
  const line = command(text);
  document.body.replaceChildren(line.root);
  const button = line.root.querySelector('button');
  return {
    line,
    button,
    said: () => [line.root.querySelector('code')?.textContent, button?.getAttribute('aria-label')]
  };
};

afterEach(() => {
  Reflect.deleteProperty(document, 'execCommand');
});

test('the button copies what the line says', async () => {
  const copied: string[] = [];
  clipboard(async (text: string) => void copied.push(text));
  const { line, button, said } = setUp(HOSTILE);
  button?.click();
  await settle();
  expect([copied, said(), line.root.querySelectorAll('img').length]).toEqual([
    [HOSTILE],
    [HOSTILE, 'Copied'],
    0
  ]);
});

test('without a clipboard it is copied the old way, else left selected and said', async () => {
  clipboard(null);
  document.execCommand = vi.fn(() => true);
  const { button, said } = setUp('%pipeline run');
  button?.click();
  await settle();
  expect(said()).toEqual(['%pipeline run', 'Copied']);
  document.execCommand = () => false;
  button?.click();
  await settle();
  expect(said()).toEqual(['%pipeline run', 'Selected: copy it with the keyboard']);
  expect(getSelection()?.toString()).toBe('%pipeline run');
});

test('another command is ready to copy at once; none hides the line', () => {
  const { line, said } = setUp('%pipeline run');
  line.say('%pipeline run clean');
  expect(said()).toEqual(['%pipeline run clean', 'Copy the command']);
  line.say('');
  expect(line.root.hidden).toBe(true);
});
