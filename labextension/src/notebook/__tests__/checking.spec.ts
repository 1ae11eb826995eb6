import { MDKError, type IAsk, type MDKClient } from '../../client';
import { Checking } from '../checking';

/** A server that answers when it is told to. */
class Server {
  readonly asked: {
    ask: IAsk;
    answer: (name: string) => void;
    refuse: (error: Error) => void;
  }[] = [];

  readonly client = {
    ask: (path: string, ask: IAsk) =>
      new Promise((resolve, reject) => {
        expect(path).toBe('check');
        const answer = (name: string) => resolve({ name });
        ask.signal?.addEventListener('abort', () => reject(new Error('abort')));
        this.asked.push({ ask, answer, refuse: reject });
      })
  } as unknown as MDKClient;
}

let server: Server;
let content: string;
let checking: Checking;
let changes: number;

const settled = async () => {
  for (let i = 0; i < 5; i++) {
    await Promise.resolve();
  }
};

beforeEach(() => {
  jest.useFakeTimers();
  server = new Server();
  content = 'a';
  checking = new Checking(server.client, () => ({ path: 'x.ipynb', content }));
  changes = 0;
  checking.stateChanged.connect(() => changes++);
});

afterEach(() => {
  checking.dispose();
  jest.useRealTimers();
});

test('waits until nobody types', () => {
  for (let i = 0; i < 3; i++) {
    checking.edited();
    jest.advanceTimersByTime(200);
    expect(server.asked).toHaveLength(0);
    expect(checking.isPending).toBe(true);
  }
  jest.advanceTimersByTime(200);
  expect(server.asked).toHaveLength(1);
  expect(server.asked[0].ask.body).toMatchObject({ path: 'x.ipynb', content });
  expect(changes).toBe(1);
});

test('checks now and then while somebody types on and on', () => {
  for (let i = 0; i < 20; i++) {
    content += 'a';
    checking.edited();
    jest.advanceTimersByTime(100);
  }
  expect(server.asked).toHaveLength(1);
});

test('asks one after the other, and tells of the newest alone', async () => {
  const told: unknown[] = [];
  checking.stateChanged.connect(() => {
    if (!checking.isPending) {
      told.push(checking.checked?.name);
    }
  });
  void checking.refresh();
  content = 'b';
  checking.edited();
  jest.advanceTimersByTime(1000);
  content = 'c';
  const refreshed = checking.refresh();
  expect(server.asked).toHaveLength(1);
  server.asked[0].answer('first');
  await settled();
  expect(server.asked.map(({ ask }) => ask.body)).toMatchObject([
    { content: 'a' },
    { content: 'c' }
  ]);
  expect(checking.isPending).toBe(true);
  server.asked[1].answer('last');
  await refreshed;
  expect(told).toEqual(['last']);
  expect(checking.isPending).toBe(false);
});

test('is ready again where what was edited meanwhile is as before', async () => {
  checking.edited();
  jest.runAllTimers();
  checking.edited();
  jest.runAllTimers();
  server.asked[0].answer('a');
  await settled();
  expect(server.asked).toHaveLength(1);
  expect(checking.isPending).toBe(false);
  expect(changes).toBe(2);
});

test('does not ask the same twice, unless it is told to', async () => {
  checking.edited();
  jest.runAllTimers();
  server.asked[0].answer('a');
  await settled();
  checking.edited();
  jest.runAllTimers();
  expect(server.asked).toHaveLength(1);
  expect(checking.isPending).toBe(false);
  void checking.refresh();
  expect(server.asked).toHaveLength(2);
});

test('keeps the last answer when the server is away, says so, and tries again', async () => {
  void checking.refresh();
  server.asked[0].answer('a');
  await settled();
  content = 'b';
  checking.edited();
  jest.advanceTimersByTime(1000);
  server.asked[1].refuse(new MDKError('The server is away.', 0));
  await settled();
  expect(checking.checked?.name).toBe('a');
  expect(checking.error).toBe('The server is away.');
  jest.advanceTimersByTime(6000);
  server.asked[2].answer('b');
  await settled();
  expect(checking.checked?.name).toBe('b');
  expect(checking.error).toBeNull();
});

test('is silent when it is disposed', async () => {
  checking.edited();
  void checking.refresh();
  checking.dispose();
  expect(server.asked[0].ask.signal?.aborted).toBe(true);
  await settled();
  jest.runAllTimers();
  expect(server.asked).toHaveLength(1);
  expect(changes).toBe(1);
});
