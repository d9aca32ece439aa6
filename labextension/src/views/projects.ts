/** The home page: every pipeline on disk, how it went last, and what to do with it. Needs no kernel and no open notebook. */

import type { PipelineLine, ProjectLine, Projects } from '../contract';
import { duration, html, icon, lookOf } from '../dag/dom';
import { offer } from '../dag/request';
import { words } from '../dag/words';
import type { IHistory } from './history';
import { actions, ago, message, moment, notice } from './parts';
import { without } from './runs';
import type { IContext, IMounted, IView } from './view';

/** Milliseconds between two looks, while the page is seen. */
const EVERY = 3000;

export const projects: IView = {
  id: 'projects',
  label: 'Projects',
  sign: 'M2 4.5h4l1.5 2h6.5v7h-12zM2 6.5h12',
  alone: true,
  mount(host, context) {
    return context.history ? new ProjectsView(host, context, context.history) : without(host);
  }
};

class ProjectsView implements IMounted {
  constructor(
    host: HTMLElement,
    private readonly _context: IContext,
    private readonly _history: IHistory
  ) {
    this._root = html(
      'div',
      { class: 'jm-projects' },
      html('div', { class: 'jm-toolbar' }, this._search),
      this._problem.root,
      html('div', { class: 'jm-runscroll' }, this._list)
    );
    host.append(this._root);
    this._search.addEventListener('input', () => this._paint());
    this._visible = () => this._settle();
    document.addEventListener('visibilitychange', this._visible);
    this._problem.say(words('Looking for pipelines …'));
  }

  unmount(): void {
    document.removeEventListener('visibilitychange', this._visible);
    this.seen(false);
    this._root.remove();
  }

  seen(yes: boolean): void {
    this._looking = yes;
    this._settle();
  }

  private _settle(): void {
    const wanted = this._looking && !document.hidden;
    if (wanted && !this._stop) {
      this._stop = new AbortController();
      void this._look(this._stop.signal);
    } else if (!wanted) {
      this._stop?.abort();
      this._stop = null;
    }
  }

  private async _look(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        this._found = await this._history.projects(stop);
        this._problem.say('');
        this._paint();
      } catch (error) {
        if (!stop.aborted) {
          this._problem.say(message(error), true);
        }
      }
      await new Promise(done => setTimeout(done, EVERY));
    }
  }

  private _paint(): void {
    const found = this._found;
    if (!found) {
      return;
    }
    const needle = this._search.value.trim().toLowerCase();
    const wanted = found.projects
      .map(project => ({ project, pipelines: matching(project, needle) }))
      .filter(({ project, pipelines }) => pipelines.length || (!needle && (project.problem || project.mage)));
    const key = JSON.stringify([wanted, found.cut]);
    if (key === this._shown) {
      this._times();
      return;
    }
    this._shown = key;
    this._list.replaceChildren(
      ...wanted.map(({ project, pipelines }) => this._project(project, pipelines, found.root)),
      ...(wanted.length
        ? []
        : [needle ? html('p', { class: 'jm-notice' }, words('No pipeline is like that.')) : empty()]),
      ...(found.cut
        ? [html('p', { class: 'jm-notice' }, words('There are more folders than were looked into.'))]
        : [])
    );
  }

  private _project(project: ProjectLine, pipelines: PipelineLine[], root: string): HTMLElement {
    const made = html(
      'section',
      { class: 'jm-project' },
      html(
        'h3',
        {},
        html('span', {}, project.path || root),
        html('span', { class: 'jm-chip' }, project.mage ? words('Mage project') : words('notebooks'))
      ),
      ...(project.problem ? [html('pre', { class: 'jm-error' }, project.problem)] : []),
      ...pipelines.map(each => this._pipeline(project, each)),
      ...(pipelines.length
        ? []
        : [
            html('p', { class: 'jm-notice' }, words('No pipeline in it yet: export one of a notebook to it.'))
          ])
    );
    made.dataset.project = project.path;
    return made;
  }

  private _pipeline(project: ProjectLine, line: PipelineLine): HTMLElement {
    const status = line.last?.status ?? (line.problem ? 'problem' : 'new');
    const failed = notice();
    const doing = actions(text => failed.say(text, true));
    const file = line.file;
    const subject = { project: project.path, pipeline: line.name, file: file.split('/').pop() || undefined };
    const when = html('time', { title: line.last ? moment(line.last.started) : '' });
    when.dataset.at = String(line.last?.started ?? '');
    when.textContent = line.last ? ago(line.last.started) : '';
    const facts = [
      lookOf(status).label,
      line.last?.seconds ? duration(line.last.seconds) : '',
      line.blocks === 1 ? words('1 block') : words('{n} blocks', { n: line.blocks }),
      ...line.triggers,
      line.file ? '' : words('no file has it any more')
    ];
    const open = html(
      'button',
      { type: 'button', class: 'jm-jump', title: line.last ? words('Its last run') : words('Its runs') },
      html('span', { class: 'jm-sign' }, icon(status, 18)),
      html(
        'span',
        { class: 'jm-runtext' },
        html('span', { class: 'jm-firstline' }, html('span', { class: 'jm-blockname' }, line.name), when),
        html('span', { class: 'jm-secondline' }, ...facts.filter(Boolean).map(each => html('span', {}, each)))
      )
    );
    open.addEventListener('click', () =>
      this._context.show('runs', { project: project.path, run: line.last?.id ?? undefined })
    );
    doing.show([
      {
        label: words('Run'),
        command: line.problem ? '' : line.commands.run,
        main: true,
        act: async () => {
          const { run } = await this._history.start(subject);
          this._context.show('runs', { project: project.path, run });
        }
      },
      {
        label: words('Plan'),
        command: line.problem ? '' : line.commands.plan,
        act: () => this._context.show('plan', subject)
      },
      {
        label: words('Variables'),
        command: line.problem ? '' : line.commands.vars,
        act: () => this._context.show('variables', subject)
      },
      { label: words('Resume'), command: line.commands.resume, act: () => this._resume(project.path, line) },
      { label: words('Cancel'), command: line.commands.cancel, act: () => this._cancel(project.path, line) }
    ]);
    const made = html('article', { class: 'jm-pipeline' }, open, doing.root, failed.root);
    if (line.notebook && file) {
      const button = html(
        'button',
        { type: 'button', class: 'jm-button jm-worded', title: file },
        words('Open the notebook')
      );
      button.addEventListener('click', () => offer(button, { action: 'open-file', file }));
      doing.root.firstElementChild?.append(button);
    }
    if (line.problem) {
      made.append(html('pre', { class: 'jm-error' }, line.problem));
    }
    made.dataset.status = status;
    made.dataset.pipeline = line.name;
    return made;
  }

  private async _resume(project: string, line: PipelineLine): Promise<void> {
    const run = line.last?.id ?? '';
    await this._history.resume({ project, run });
    this._context.show('runs', { project, run });
  }

  private async _cancel(project: string, line: PipelineLine): Promise<void> {
    await this._history.cancel({ project, run: line.last?.id ?? '' });
  }

  private _times(): void {
    for (const when of this._list.querySelectorAll<HTMLElement>('time')) {
      when.textContent = when.dataset.at ? ago(Number(when.dataset.at)) : '';
    }
  }

  private readonly _search = html('input', {
    type: 'search',
    class: 'jm-find',
    placeholder: words('Search pipelines'),
    'aria-label': words('Search pipelines')
  });
  private readonly _problem = notice();
  private readonly _list = html('div', {});
  private readonly _root: HTMLElement;
  private readonly _visible: () => void;
  private _stop: AbortController | null = null;
  private _found: Projects | null = null;
  private _shown = '';
  private _looking = false;
}

function matching(project: ProjectLine, needle: string): PipelineLine[] {
  const whole = !needle || project.path.toLowerCase().includes(needle);
  return whole
    ? project.pipelines
    : project.pipelines.filter(each => each.name.toLowerCase().includes(needle));
}

function empty(): HTMLElement {
  return html(
    'div',
    { class: 'jm-welcome jm-shown' },
    html('h3', {}, words('No pipelines here yet')),
    html(
      'p',
      {},
      words('A notebook whose cells start with a header is one; so is a Mage project. In a notebook:')
    ),
    html('pre', {}, '%load_ext jupyter_mage'),
    html('pre', {}, '%%block numbers\n[1, 2, 3]'),
    html('p', {}, words('Or in a terminal, a new project:')),
    html('pre', {}, 'jupyter mage init my_project')
  );
}
