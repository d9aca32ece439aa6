/** The Jupyter server's part of jupyter_mage: what is on disk, with no kernel. */

import { ServerConnection } from '@jupyterlab/services';

import type { Contract } from '../contract';
import { words } from '../dag/words';
import { type IHistory, Refused } from '../views/history';
import { read } from '../read';

const BASE = 'jupyter-mage/api';

type Asked = Record<string, string | number | boolean | undefined>;

export class ServerHistory implements IHistory {
  constructor(private readonly _settings = ServerConnection.makeSettings()) {}

  readonly projects: IHistory['projects'] = stop => this._get('projects', 'Projects', {}, stop);
  readonly pipelines: IHistory['pipelines'] = (asked, stop) =>
    this._get('pipelines', 'ProjectLine', asked, stop);
  readonly runs: IHistory['runs'] = (asked, stop) => this._get('runs', 'RunsPage', { ...asked }, stop);
  readonly run: IHistory['run'] = (asked, stop) => this._get('run', 'RunDetail', { ...asked }, stop);
  readonly picture: IHistory['picture'] = (asked, stop) =>
    this._get('picture', 'RunPicture', { ...asked }, stop);
  readonly logs: IHistory['logs'] = (asked, stop) => this._get('logs', 'LogPage', { ...asked }, stop);
  readonly diff: IHistory['diff'] = (asked, stop) => this._get('diff', 'RunDiff', asked, stop);
  readonly preview: IHistory['preview'] = (asked, stop) => this._get('preview', 'Shown', asked, stop);
  readonly profile: IHistory['profile'] = (asked, stop) => this._get('profile', 'Profiled', asked, stop);
  readonly edge: IHistory['edge'] = (asked, stop) => this._get('edge', 'EdgeFlow', asked, stop);
  readonly ask: IHistory['ask'] = ({ given, ...asked }, stop) =>
    this._query('ask', { ...asked, given: JSON.stringify(given) }, stop);
  readonly start: IHistory['start'] = asked => this._post('start', { ...asked });
  readonly rerun: IHistory['rerun'] = asked => this._post('rerun', asked);
  readonly resume: IHistory['resume'] = asked => this._post('resume', asked);
  readonly cancel: IHistory['cancel'] = asked => this._post('cancel', asked);

  private async _get<K extends keyof Contract>(
    route: string,
    shape: K,
    asked: Asked,
    stop?: AbortSignal
  ): Promise<Contract[K]> {
    return read(shape, await this._query(route, asked, stop));
  }

  private _query(route: string, asked: Asked, stop?: AbortSignal): Promise<unknown> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(asked)) {
      if (value !== undefined) {
        query.set(name, String(value));
      }
    }
    return this._ask(`${route}?${query}`, { method: 'GET', signal: stop });
  }

  private async _post(route: string, asked: object): Promise<Contract['Started']> {
    return read('Started', await this._ask(route, { method: 'POST', body: JSON.stringify(asked) }));
  }

  private async _ask(path: string, init: RequestInit): Promise<unknown> {
    const url = `${this._settings.baseUrl.replace(/\/$/, '')}/${BASE}/${path}`;
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
      throw new Refused(words('The Jupyter server does not answer.'));
    }
    const text = await response.text();
    const answer = parsed(text);
    if (response.ok) {
      return answer;
    }
    throw refusal(response.status, answer);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What the server said, with what to do; or what its status means. */
function refusal(status: number, answer: unknown): Refused {
  const { message, hint } = read('Refusal', answer);
  if (status === 404 && (!message || message === 'Not Found')) {
    return new Refused(
      words(
        'This Jupyter server does not know jupyter_mage. Is it installed where the server runs? Type: jupyter server extension list'
      )
    );
  }
  if (status === 403) {
    return new Refused(words('The Jupyter server refuses: log in again, then reload the page.'));
  }
  return new Refused(message || words('The server could not do it (status {status}).', { status }), hint);
}
