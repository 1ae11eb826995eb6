import { PathExt, URLExt } from '@jupyterlab/coreutils';

const KEPT = /(^|\/)\.mdk\/runs\/[^?#]+$/;

/**
 * What a link in a notebook's output leads to, where that is something that a run left: its contents path, else null.
 *
 * @param href as it is written: relative to the notebook, or, where the page has resolved it, an address of its files.
 * @param notebook contents path of the notebook
 * @param filesUrl where the server gives files
 */
export function keptPath(
  href: string,
  notebook: string,
  filesUrl: string
): string | null {
  const [address] = href.split(/[?#]/);
  let path: string;
  if (address.startsWith(filesUrl)) {
    path = decodeURIComponent(address.slice(filesUrl.length));
  } else if (/^([a-z]+:|\/)/i.test(address)) {
    return null;
  } else {
    path = PathExt.join(PathExt.dirname(notebook), decodeURIComponent(address));
  }
  path = path.replace(/^\//, '');
  return KEPT.test(path) && !path.startsWith('..') ? path : null;
}

/** Let links in outputs to what runs left be opened by `open`, which the browser could not. */
export function openKept(
  node: HTMLElement,
  notebookOf: (link: HTMLElement) => string | null,
  baseUrl: string,
  open: (path: string) => void
): void {
  const filesUrl = URLExt.join(baseUrl, 'files');
  node.addEventListener(
    'click',
    event => {
      const link = (event.target as HTMLElement).closest?.('a[href]');
      const notebook = link && notebookOf(link as HTMLElement);
      const href = link?.getAttribute('href');
      const path = notebook && href && keptPath(href, notebook, filesUrl);
      if (path) {
        event.preventDefault();
        event.stopPropagation();
        open(path);
      }
    },
    true
  );
}
