/**
 * Who answers a view: the kernel of the notebook in front, or, where there is none that has the pipeline, the Jupyter server from
 * what is on disk. A bar says when it is the server, and of which pipeline.
 */

import type { PipelineLine } from '../contract';
import { html } from '../dag/dom';
import { type IPicture, type ISubject, readPicture } from '../dag/model';
import { words } from '../dag/words';
import { type IData, Refusal } from './data_source';
import { follow, type IFollow, WAIT } from './follow';
import type { IHistory, IOnDisk } from './history';
import { DiskData } from './history_data';
import { choice } from './parts';
import type { IContext } from './view';

export class Desk {
  /** Says whose answers these are; hidden where they are the kernel's. */
  readonly root = html('div', { class: 'jm-desk', role: 'group', 'aria-label': words('Pipeline on disk') });

  /** `changed`: another one answers (`other`), or something ran. `drawn`: whether the graph is wanted too. */
  constructor(
    private readonly _context: IContext,
    private readonly _changed: (other: boolean) => void,
    private readonly _drawn = false
  ) {
    const { history, place, source } = _context;
    this.root.hidden = true;
    this._back.addEventListener('click', () => place.choosePipeline(null));
    const projects = html('button', { type: 'button', class: 'jm-act' }, words('Projects'));
    projects.addEventListener('click', () => _context.show('projects'));
    this.root.append(this._said, this._choice.root, this._back, projects);
    if (history) {
      this._disk = new DiskData(history, () => this._where());
      this._following = this._follow(history);
      this._stops.push(
        place.listen(() => this._look()),
        place.listenChosen(() => this._look()),
        source.listen(() => this._look())
      );
    }
    this._look();
    this._ready = true;
  }

  unmount(): void {
    this._stops.forEach(stop => stop());
    this._following?.stop();
  }

  seen(yes: boolean): void {
    this._seen = yes;
    this._following?.seen(yes && this.disk !== null);
  }

  /** Who is asked. */
  get data(): IData {
    return this.disk ?? this._context.data;
  }

  /** The server, where it answers. */
  get disk(): DiskData | null {
    return this._onDisk ? this._disk : null;
  }

  /** Of the pipeline on disk, where it is known. */
  get line(): PipelineLine | null {
    return this._line;
  }

  /** The graph of the pipeline that is asked about. */
  picture(): IPicture | null {
    return this._onDisk ? this._picture : this._context.source.picture();
  }

  /** Look at this pipeline on disk, if the subject names one, whatever the notebook in front is. */
  open({ project, pipeline, file }: ISubject): void {
    if (project !== undefined && pipeline !== undefined) {
      this._context.place.choosePipeline({ project, pipeline, file });
    }
  }

  /** Who answers now, and of what. */
  private _look(): void {
    const { source, place } = this._context;
    const { chosen } = place;
    const onDisk = this._disk !== null && (chosen !== null || !source.live());
    const key = onDisk ? JSON.stringify([chosen, place.project, place.notebook]) : '';
    if (key === this._key) {
      return;
    }
    this._key = key;
    this._onDisk = onDisk;
    this._known = null;
    this._line = this._picture = null;
    this.root.hidden = !onDisk;
    this._back.hidden = !(chosen && source.live());
    this._following?.seen(false);
    this._following?.seen(this._seen && onDisk);
    if (onDisk) {
      void this._where().catch(() => this._say([])); // said where something is asked
    }
    if (this._ready) {
      this._changed(true);
    }
  }

  /** The pipeline on disk: the one that was chosen, that of the notebook in front, or the project's first. */
  private _where(): Promise<IOnDisk> {
    this._known ??= this._find(this._key).catch(error => {
      this._known = null; // the next who asks may find it
      throw error;
    });
    return this._known;
  }

  private async _find(key: string): Promise<IOnDisk> {
    const { history, place } = this._context;
    const { chosen } = place;
    const project = chosen?.project ?? place.project;
    if (!history || project === null) {
      throw new Refusal(words('No pipeline is chosen: choose one in Projects, or open a notebook.'));
    }
    const { pipelines } = await history.pipelines({ project });
    const there = pipelines.filter(each => each.commands.run); // the others have no file any more
    const notebook = chosen ? '' : place.notebook;
    const of = (each: PipelineLine) =>
      chosen
        ? each.name === chosen.pipeline && (!chosen.file || chosen.file === nameOf(each))
        : each.file === notebook;
    const found = there.find(of) ?? (chosen || notebook ? undefined : there[0]);
    if (key === this._key) {
      this._line = found ?? null;
      this._say(there);
    }
    if (!found) {
      throw new Refusal(
        notebook
          ? words('No cell of {file} is a block yet.', { file: notebook })
          : words('No file has this pipeline: choose another in Projects.')
      );
    }
    return { project, pipeline: found.name, file: nameOf(found) || undefined };
  }

  private _say(there: readonly PipelineLine[]): void {
    const place = this._line;
    this._said.textContent = place
      ? words('No kernel: as it is on disk, in {file}', { file: place.file || '.' })
      : words('No kernel has a pipeline here.');
    this._offered = there;
    this._choice.offer(
      there.map((each, n) => [String(n), each.name] as const),
      String(place ? there.indexOf(place) : 0)
    );
    this._choice.root.hidden = there.length < 2;
  }

  /** Told when something ran, so that whoever shows what came of it asks again. */
  private _follow(history: IHistory): IFollow {
    let last = { key: '', runs: '' };
    return follow(
      async (stamp, stop) => {
        const { project, pipeline } = await this._where();
        if (this._drawn && !this._picture) {
          await this._draw();
        }
        return history.runs({ project, pipeline, limit: 1, stamp, wait: stamp ? WAIT : 0 }, stop);
      },
      page => {
        const before = last;
        last = { key: this._key, runs: JSON.stringify(page.runs.map(run => [run.id, run.status])) };
        if (before.key === last.key && before.runs !== last.runs) {
          this._picture = null;
          this._changed(false);
        }
      },
      () => undefined // said where something is asked
    );
  }

  private async _draw(): Promise<void> {
    const key = this._key;
    const drawn = readPicture(await this._disk?.ask('picture'));
    if (key === this._key) {
      this._picture = drawn;
      this._changed(false);
    }
  }

  private readonly _said = html('span', { class: 'jm-soft' });
  private readonly _back = html('button', { type: 'button', class: 'jm-act' }, words('Back to the notebook'));
  private readonly _choice = choice(words('Pipeline on disk'), value => {
    const each = this._offered[Number(value)];
    const { place } = this._context;
    const project = place.chosen?.project ?? place.project ?? '';
    if (each) {
      place.choosePipeline({ project, pipeline: each.name, file: nameOf(each) || undefined });
    }
  });
  private readonly _disk: DiskData | null = null;
  private readonly _following: IFollow | null = null;
  private readonly _stops: (() => void)[] = [];
  private _offered: readonly PipelineLine[] = [];
  private _known: Promise<IOnDisk> | null = null;
  private _line: PipelineLine | null = null;
  private _picture: IPicture | null = null;
  private _key = '';
  private _onDisk = false;
  private _seen = false;
  private _ready = false;
}

/** The last part of a path. */
function nameOf({ file }: PipelineLine): string {
  return file.split('/').pop() ?? '';
}
