/** The line over a drawing: name, how the run goes, and its buttons. */

import { button, duration, html, icon, lookOf } from './dom';
import type { ISource } from './model';
import { ask } from './request';
import { words } from './words';

export interface IHeaderOptions {
  /** Whether Interrupt is offered beside Cancel: where there is a kernel to interrupt. */
  interrupt?: boolean;
}

export function mountHeader(host: HTMLElement, source: ISource, options: IHeaderOptions = {}): () => void {
  const name = html('span', { class: 'jm-name' });
  const sign = html('span', { class: 'jm-sign' });
  const says = html('span', { class: 'jm-words' });
  const spoken = html('span', { class: 'jm-spoken', role: 'status', 'aria-live': 'polite' });
  const bar = html('div', { class: 'jm-progress', role: 'progressbar', 'aria-valuemin': 0 }, html('div'));
  const root = html('div', { class: 'jm-root jm-header' });
  const run = button(
    'run',
    words('Run the pipeline'),
    () => ask(root, source, { action: 'run' }),
    words('Run')
  );
  run.classList.add('jm-main');
  const cancel = button(
    'stop',
    words('Cancel the run: blocks that run are ended, finished ones are kept'),
    () => ask(root, source, { action: 'cancel' }),
    words('Cancel')
  );
  const interrupt = button('interrupt', words('Interrupt the kernel'), () =>
    ask(root, source, { action: 'interrupt' })
  );
  const buttons = html('span', { class: 'jm-buttons' }, run, cancel);
  if (options.interrupt) {
    buttons.append(interrupt);
  }
  root.append(html('div', { class: 'jm-line' }, sign, name, says, buttons), bar, spoken);
  host.append(root);

  const update = () => {
    const picture = source.picture();
    const at = picture?.run ?? null;
    const running = at?.status === 'running' && source.live();
    name.textContent = picture?.pipeline ?? words('No pipeline');
    const status = at ? (source.live() || at.status !== 'running' ? at.status : 'interrupted') : 'new';
    sign.replaceChildren(icon(status, 17));
    root.dataset.status = status;
    const count = picture?.nodes.length ?? 0;
    const parts = at
      ? [lookOf(status).label]
      : [count === 1 ? words('1 block') : words('{n} blocks', { n: count })];
    if (at && at.done < at.total) {
      parts.push(words('{n} of {all}', { n: at.done, all: at.total }));
    }
    if (at && at.seconds !== null) {
      parts.push(duration(at.seconds));
    }
    if (at && at.sample !== null) {
      parts.push(words('sample of {n}', { n: at.sample }));
    }
    says.textContent = parts.join(' · ');
    const failed =
      at?.status === 'failed'
        ? picture?.nodes.filter(n => picture.states.get(n.id)?.status === 'failed')
        : [];
    const said = at
      ? `${picture?.pipeline}: ${lookOf(status).label} ${(failed ?? []).map(n => n.label).join(', ')}`
      : '';
    if (spoken.textContent !== said) {
      spoken.textContent = said;
    }
    const left = [run, cancel, interrupt].find(each => each === document.activeElement);
    run.hidden = running;
    run.disabled = !source.live() || !count;
    cancel.hidden = interrupt.hidden = !running;
    if (left?.hidden) {
      (running ? cancel : run).focus(); // who pressed Run by a key is not thrown out of the panel
    }
    bar.setAttribute('aria-valuemax', String(at?.total ?? 0));
    bar.setAttribute('aria-valuenow', String(at?.done ?? 0));
    bar.setAttribute('aria-label', words('Blocks finished'));
    (bar.firstElementChild as HTMLElement).style.width = at?.total ? `${(100 * at.done) / at.total}%` : '0';
    bar.classList.toggle('jm-idle', !running);
  };
  const stop = source.listen(update);
  update();
  return () => {
    stop();
    root.remove();
  };
}
