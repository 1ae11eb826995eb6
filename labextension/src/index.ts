import { clientPlugin } from './connection';
import { drivePlugin } from './drive';
import { pipelinesPlugin } from './notebook';
import { sidebarPlugin } from './sidebar';

export * from './tokens';

export default [
  clientPlugin,
  drivePlugin,
  pipelinesPlugin,
  sidebarPlugin
];
