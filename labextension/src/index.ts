import { cellsPlugin } from './cells';
import { clientPlugin } from './connection';
import { drivePlugin } from './drive';
import { exportPlugin } from './export';
import { filesPlugin } from './files';
import { findingsPlugin } from './findings';
import { graphPlugin } from './graph';
import { launcherPlugin } from './launcher';
import { pipelinesPlugin } from './notebook';
import { pipelineSectionPlugin } from './pipeline';
import { registryPlugin } from './registry';
import { runsPlugin, runsSectionPlugin } from './runs';
import { sidebarPlugin } from './sidebar';

export * from './tokens';

export default [
  cellsPlugin,
  clientPlugin,
  drivePlugin,
  exportPlugin,
  filesPlugin,
  findingsPlugin,
  graphPlugin,
  launcherPlugin,
  pipelinesPlugin,
  pipelineSectionPlugin,
  registryPlugin,
  runsPlugin,
  runsSectionPlugin,
  sidebarPlugin
];
