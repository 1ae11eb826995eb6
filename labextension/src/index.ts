import { cellsPlugin } from './cells';
import { clientPlugin } from './connection';
import { drivePlugin } from './drive';
import { findingsPlugin } from './findings';
import { pipelinesPlugin } from './notebook';
import { sidebarPlugin } from './sidebar';

export * from './tokens';

export default [
  cellsPlugin,
  clientPlugin,
  drivePlugin,
  findingsPlugin,
  pipelinesPlugin,
  sidebarPlugin
];
