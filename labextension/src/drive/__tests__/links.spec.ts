import { keptPath } from '../links';

const FILES = 'http://lab.test/base/files';
const KEPT = '.mdk/runs/20261124-1/train.ipynb';

describe('keptPath', () => {
  it.each([
    [KEPT, 'churn.ipynb', KEPT],
    [KEPT, 'a/churn.ipynb', `a/${KEPT}`],
    [`../${KEPT}`, 'a/b/churn.ipynb', `a/${KEPT}`],
    [`./my%20data/${KEPT}`, 'churn.ipynb', `my data/${KEPT}`],
    [`${FILES}/a/${KEPT}?_xsrf=1`, 'churn.ipynb', `a/${KEPT}`]
  ])('%s in %s leads to %s', (href, notebook, path) => {
    expect(keptPath(href, notebook, FILES)).toBe(path);
  });

  it.each([
    'other.ipynb',
    '#section',
    `https://elsewhere.test/${KEPT}`,
    `/${KEPT}`,
    `../../${KEPT}`,
    '.mdk/registry.db',
    'javascript:alert(1)'
  ])('%s is left to others', href => {
    expect(keptPath(href, 'a/churn.ipynb', FILES)).toBeNull();
  });
});
