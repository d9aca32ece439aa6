/**
 * What no line of `src/` may do: words are never markup, and data never says what is loaded or run. `tests/lint.test.ts` shows
 * that each of these is found.
 */

const MARKUP =
  'innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|setHTML|setHTMLUnsafe|parseHTMLUnsafe|srcdoc|dangerouslySetInnerHTML|cssText';
const ADDRESS =
  'href|xlink:href|src|srcset|srcdoc|style|action|formaction|formAction|ping|poster|background|data|on[a-z]+';
const ELEMENTS =
  'script|iframe|frame|object|embed|base|meta|link|style|template|portal|foreignObject|use|image|animate|set';
const MAKERS = 'html|svg|createElement|createElementNS';
const called = name =>
  `CallExpression[callee.name=/^(${name})$/], CallExpression[callee.property.name=/^(${name})$/]`;
const each = (head, tail) =>
  head
    .split(', ')
    .map(one => one + tail)
    .join(', ');

const FORBIDDEN = [
  [
    'CallExpression[callee.name=/^set(Timeout|Interval)$/][arguments.0.type=/Literal$|^BinaryExpression$/]',
    'Nothing is run as code.'
  ],
  [
    `MemberExpression[property.name=/^(${MARKUP})$/]`,
    'Build elements with `html` and `svg` of dag/dom.ts: words are never markup.'
  ],
  [
    `MemberExpression[computed=true] > Literal[value=/^(${MARKUP})$/]`,
    'Build elements with `html` and `svg` of dag/dom.ts: words are never markup.'
  ],
  [
    `Property[key.name=/^(${MARKUP})$/]`,
    'Build elements with `html` and `svg` of dag/dom.ts: words are never markup.'
  ],
  [
    'CallExpression[callee.object.name="document"][callee.property.name=/^write/]',
    'Nothing is written into the page as text.'
  ],
  [
    ':matches(NewExpression, CallExpression)[callee.name=/^(DOMParser|XSLTProcessor|Function)$/]',
    'Nothing is parsed as a document or as code.'
  ],
  [
    ':matches(NewExpression, CallExpression)[callee.property.name=/^(DOMParser|Function)$/]',
    'Nothing is parsed as a document or as code.'
  ],
  [
    'MemberExpression[object.name=/^(window|globalThis|self)$/][property.name="eval"]',
    'Nothing is run as code.'
  ],
  [
    called('setAttribute|setAttributeNS')
      .split(', ')
      .map(one => `${one}[arguments.0.type!="Literal"]`)
      .join(', '),
    'Say which attribute: only dag/dom.ts takes any.'
  ],
  [
    each(called('setAttribute'), `[arguments.0.value=/^(${ADDRESS})$/i]`),
    'This attribute could load or run something: listen with addEventListener, set a style with style.setProperty.'
  ],
  [
    each(called('setAttributeNS'), `[arguments.1.value=/^(${ADDRESS})$/i]`),
    'This attribute could load or run something.'
  ],
  [
    each(called(MAKERS), ` > ObjectExpression > Property[key.name=/^(${ADDRESS})$/i]`),
    'This attribute could load or run something: listen with addEventListener, set a style with style.setProperty.'
  ],
  [
    each(called(MAKERS), ` > ObjectExpression > Property > Literal.key[value=/^(${ADDRESS})$/i]`),
    'This attribute could load or run something.'
  ],
  [
    each(called(MAKERS), ` > Literal.arguments[value=/^(${ELEMENTS})$/i]`),
    'This element could load or run something.'
  ],
  [
    each(called('createElement'), '[arguments.0.type!="Literal"]'),
    'Say which element: only dag/dom.ts makes any.'
  ],
  [
    'AssignmentExpression > MemberExpression.left[property.name=/^(href|src|srcset|action|formAction)$/]:not([object.property.name="dataset"])',
    'No address comes out of data.'
  ],
  [
    'AssignmentExpression > MemberExpression.left[object.name=/^(window|document|globalThis)$/][property.name="location"]',
    'Nobody is led away from the page.'
  ],
  [
    'CallExpression[callee.object.name="window"][callee.property.name="open"]',
    'Nobody is led away from the page.'
  ],
  [
    'Property[key.name="svgstr"]:not([value.type="Literal"]):not([value.type="TemplateLiteral"])',
    'A sign is written down, not made.'
  ],
  ['Property[key.name="svgstr"] > TemplateLiteral[expressions.length>0]', 'A sign is written down, not made.']
];

export const safety = {
  'no-eval': 'error',
  'no-new-func': 'error',
  'no-script-url': 'error',
  'no-restricted-syntax': ['error', ...FORBIDDEN.map(([selector, message]) => ({ selector, message }))]
};
