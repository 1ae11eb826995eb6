import { cellsPlugin } from './cells';
import { clientPlugin } from './connection';
import { drivePlugin } from './drive';
import { exportPlugin } from './export';
import { filesPlugin } from './files';
import { findingsPlugin } from './findings';
import { launcherPlugin } from './launcher';
import { pipelinesPlugin } from './notebook';
import { sidebarPlugin } from './sidebar';

export * from './tokens';

export default [
  cellsPlugin,
  clientPlugin,
  drivePlugin,
  exportPlugin,
  filesPlugin,
  findingsPlugin,
  launcherPlugin,
  pipelinesPlugin,
  sidebarPlugin
];
