/** The renderer on a page of its own, for what is measured and for looking at it: `page.show(picture)`, `page.put(changes)`. */

import { mountHeader } from '../../labextension/src/dag/header';
import { Fake } from '../../labextension/src/dag/sample';
import { type IViewOptions, mount } from '../../labextension/src/dag/view';

const source = new Fake();
let stops: (() => void)[] = [];

Object.assign(window, {
  page: {
    source,
    put: (message: unknown) => source.store.put(message),
    show(picture: unknown, options: Partial<IViewOptions> = {}) {
      stops.forEach(stop => stop());
      const host = document.getElementById('graph') ?? document.body;
      source.store.put(picture);
      const most = () => host.clientHeight - 52;
      stops = [mountHeader(host, source), mount(host, source, { wheelPans: true, most, ...options })];
    }
  }
});
