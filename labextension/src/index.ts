import { cellsPlugin } from './cells';
import { clientPlugin } from './connection';
import { drivePlugin } from './drive';
import { findingsPlugin } from './findings';
import { graphPlugin } from './graph';
import { pipelinesPlugin } from './notebook';
import { pipelineSectionPlugin } from './pipeline';
import { runsPlugin, runsSectionPlugin } from './runs';
import { sidebarPlugin } from './sidebar';

export * from './tokens';

export default [
  cellsPlugin,
  clientPlugin,
  drivePlugin,
  findingsPlugin,
  graphPlugin,
  pipelinesPlugin,
  pipelineSectionPlugin,
  runsPlugin,
  runsSectionPlugin,
  sidebarPlugin
];
