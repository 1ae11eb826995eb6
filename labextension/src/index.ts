import { cellsPlugin } from './cells';
import { clientPlugin } from './connection';
import { drivePlugin } from './drive';
import { pipelinesPlugin } from './notebook';
import { sidebarPlugin } from './sidebar';

export * from './tokens';

export default [
  cellsPlugin,
  clientPlugin,
  drivePlugin,
  pipelinesPlugin,
  sidebarPlugin
];
