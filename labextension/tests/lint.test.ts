// @vitest-environment node
/** The linter finds every way of making markup, code or an address out of data. */

import { ESLint } from 'eslint';
import { expect, test } from 'vitest';

const linter = new ESLint();

async function findings(code: string): Promise<string[]> {
  const [result] = await linter.lintText(`${code}\n`, { filePath: 'src/views/made_up.ts' });
  return (result?.messages ?? []).map(each => each.ruleId ?? each.message);
}

const HARM = [
  'host.innerHTML = words;',
  'host["innerHTML"] = words;',
  'host.outerHTML = words;',
  'host.insertAdjacentHTML("beforeend", words);',
  'host.setHTMLUnsafe(words);',
  'document.write(words);',
  'document.writeln(words);',
  'new DOMParser();',
  'new window.DOMParser();',
  'document.createRange().createContextualFragment(words);',
  'eval(words);',
  'window.eval(words);',
  'new Function(words)();',
  'Function(words)();',
  'setTimeout("words()", 1);',
  'host.setAttribute(name, words);',
  'host.setAttribute("onclick", words);',
  'host.setAttribute("HREF", words);',
  'host.setAttribute("src", words);',
  'host.setAttribute("style", words);',
  'host.setAttributeNS(null, "href", words);',
  'html("div", { onclick: words });',
  'html("a", { href: words });',
  'svg("rect", { "xlink:href": words });',
  'html("div", { style: words });',
  'html("iframe");',
  'html("script", {}, words);',
  'svg("foreignObject");',
  'document.createElement(name);',
  'document.createElement("script");',
  'document.createElementNS(space, "use");',
  'host.style.cssText = words;',
  'image.src = words;',
  'link.href = words;',
  'link.href = "javascript:words()";',
  'window.location = words;',
  'window.open(words);',
  'new LabIcon({ name: "x", svgstr: words });',
  'new LabIcon({ name: "x", svgstr: `<svg>${words}</svg>` });',
  'element({ dangerouslySetInnerHTML: { __html: words } });'
];

const FINE = [
  'host.textContent = words;',
  'host.append(words);',
  'html("div", { class: "jm-x", title: words }, words);',
  'svg("path", { d: words });',
  'host.setAttribute("aria-label", words);',
  'host.style.setProperty("background", colour);',
  'host.addEventListener("click", act);',
  'comm.onMsg = act;',
  'new LabIcon({ name: "x", svgstr: `<svg></svg>` });'
];

test.each(HARM)('%s is found', { timeout: 60_000 }, async code => {
  expect(await findings(code)).toMatchObject(expect.arrayContaining([expect.stringMatching(/^no-/)]));
});

test.each(FINE)('%s is fine', { timeout: 60_000 }, async code => {
  expect(await findings(code)).toEqual([]);
});
