import { expect, test } from 'vitest';

import { type Changed, readPicture, Store } from './model';
import { Neighbours } from './neighbours';
import { sample } from './sample';

test('a store takes a picture, then only what changed', () => {
  const store = new Store();
  const heard: Changed[] = [];
  store.listen(changed => heard.push(changed));
  store.put(sample());
  store.put({ changes: 1, states: { users: { status: 'failed', detail: 'KeyError' } }, run: null });
  expect(heard).toEqual([null, ['users']]);
  expect(store.picture?.states.get('users')?.status).toBe('failed');
  expect(store.picture?.run).toBeNull();
});

test('changes of a picture that never came are refused', () => {
  expect(new Store().put({ changes: 1, states: {} })).toBe(false);
});

test.each([null, 7, 'x', [], {}, { nodes: 'all' }])('%j is no picture', value => {
  expect(readPicture(value)).toBeNull();
});

test('a hostile picture is read as harmless words and numbers', () => {
  const read = readPicture({
    nodes: [{ id: { a: 1 }, x: 'far', colour: 'url(http://x)', width: Infinity, upstreams: 'abc' }, null],
    edges: [{ path: '"><script>', tip: 'no' }],
    states: { a: null },
    size: {}
  });
  expect(read?.nodes[0]).toMatchObject({ id: '', x: 0, colour: '#7f8894', width: 184, upstreams: [] });
  expect(read?.edges[0]).toMatchObject({ path: '', tip: [0, 0] });
  expect(read?.states.get('a')?.status).toBe('new');
});

test('arrow keys follow edges and rows', () => {
  const picture = readPicture(sample());
  if (!picture) {
    throw new Error('the sample is a picture');
  }
  const near = new Neighbours(picture);
  const from = (id: string, key: string) => {
    const node = picture.nodes.find(each => each.id === id);
    return node ? near.step(picture, node, key)?.id : undefined;
  };
  expect([
    from('raw', 'ArrowDown'),
    from('clean', 'ArrowUp'),
    from('raw', 'ArrowRight'),
    from('raw', 'ArrowLeft')
  ]).toEqual(['clean', 'raw', 'users', undefined]);
});
