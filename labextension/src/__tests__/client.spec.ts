import { ServerConnection } from '@jupyterlab/services';

import { MDKClient, segments } from '../client';

function clientThatGets(status: number, body: string, headers = {}) {
  const asked: Request[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://lab.test/base/',
    fetch: async (request: RequestInfo) => {
      asked.push(request as Request);
      return new Response(body, { status, headers });
    }
  });
  return { client: new MDKClient(settings), asked };
}

describe('MDKClient', () => {
  it('asks below mdk, with the query', async () => {
    const { client, asked } = clientThatGets(200, '{"a": 1}');
    const content = await client.ask<{ a: number }>('runs', {
      query: { path: 'a b.ipynb', limit: 5, before: undefined }
    });
    expect(content.a).toBe(1);
    expect(asked[0].url).toContain(
      'http://lab.test/base/mdk/runs?path=a+b.ipynb&limit=5'
    );
  });

  it('hands on the revision', async () => {
    const { client } = clientThatGets(200, '{}', { ETag: '"17"' });
    expect((await client.answer('x')).revision).toBe(17);
  });

  it('tells why something was refused', async () => {
    const body = JSON.stringify({
      message: 'a gate failed',
      gates: [{ name: 'auc' }],
      revision: 3
    });
    const { client } = clientThatGets(422, body);
    await expect(client.ask('x')).rejects.toMatchObject({
      message: 'a gate failed',
      status: 422,
      gates: [{ name: 'auc' }],
      revision: 3
    });
  });

  it('copes with an answer that is no JSON', async () => {
    const { client } = clientThatGets(502, 'Bad gateway');
    await expect(client.ask('x')).rejects.toMatchObject({
      message: 'Bad gateway',
      status: 502
    });
  });
});

test('segments of a path are escaped one by one', () => {
  expect(segments('models', 'a/b')).toBe('models/a%2Fb');
});
